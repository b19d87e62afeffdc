import { abortReason } from './signals.ts'
import type { Events, Log } from './types.ts'

/**
 * How later phases tell earlier ones: the only channel that runs against the imports. Each listener has its own chain,
 * so it sees events in the order they were emitted, and a slow one holds up nobody else.
 */
export function createEvents<E extends object>(log: Log): Events<E> {
  type Name = keyof E & string
  const listeners = new Map<string, Set<(value: never) => void>>()

  const events: Events<E> = {
    emit(name, value) {
      for (const listener of listeners.get(name) ?? []) (listener as (value: E[typeof name]) => void)(value)
    },
    on<K extends Name>(name: K, listener: (value: E[K]) => Promise<void> | void) {
      let chain = Promise.resolve()
      const entry = (value: E[K]): void => {
        chain = chain
          .then(() => listener(value))
          .catch((error: unknown) => {
            log.error(`a listener of ${name} failed`, { error })
          })
      }
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(entry))
      return () => {
        set.delete(entry)
      }
    },
    once<K extends Name>(
      name: K,
      { signal, where = () => true }: { signal?: AbortSignal; where?: (value: E[K]) => boolean } = {}
    ) {
      return new Promise<E[K]>((resolve, reject) => {
        signal?.throwIfAborted()
        const abort = (): void => {
          off()
          reject(abortReason(signal))
        }
        const off = events.on(name, value => {
          if (!where(value)) return
          off()
          signal?.removeEventListener('abort', abort)
          resolve(value)
        })
        signal?.addEventListener('abort', abort, { once: true })
      })
    }
  }
  return events
}
