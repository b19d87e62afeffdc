import { EngineError, toPlain, type CallName, type Calls, type ToWorker, type WorkerOptions } from './messages.ts'
import { startPeer, type Peer } from './peer.ts'

export interface ThreadOptions {
  /** Asked for with every call until there is an answer; what it throws fails the call. */
  readonly runtime: () => Promise<WorkerOptions>
  /** Largest JavaScript heap of the thread, in MiB; weights and sessions lie outside it. */
  readonly heapMb?: number | undefined
}

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
  onEvent(event: unknown): void
}

/**
 * The main thread's end of one worker (a thread, or a process). One that dies fails what it was doing; the next call
 * starts another.
 */
export class EngineThread {
  readonly #options: ThreadOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Peer | undefined
  #next = 0
  #closed = false

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  async call<K extends CallName>(
    name: K,
    argument: Calls[K]['argument'],
    options: { signal?: AbortSignal | undefined; onEvent?: (event: Calls[K]['event']) => void } = {}
  ): Promise<Calls[K]['result']> {
    const id = this.#next++
    const runtime = await this.#options.runtime()
    if (this.#closed)
      throw new EngineError({
        code: 'engine-closed',
        message: 'the engine is closed',
        consequence: 'fatal',
        details: {},
        causes: []
      })
    const worker = this.#start(runtime)
    const { signal } = options
    const cancel = (): void => worker.post({ kind: 'cancel', id })
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, {
          resolve: result => resolve(result as Calls[K]['result']),
          reject,
          onEvent: event => options.onEvent?.(event as Calls[K]['event'])
        })
        worker.ref()
        worker.post({ kind: 'call', id, name, argument } as ToWorker)
        signal?.addEventListener('abort', cancel, { once: true })
        if (signal?.aborted === true) cancel()
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#pending.delete(id)
      if (this.#pending.size === 0) this.#worker?.unref() // an idle engine does not keep the process alive
    }
  }

  /** Ends the worker; calls that still run fail. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.end()
    this.#worker = undefined
  }

  #start(runtime: WorkerOptions): Peer {
    if (this.#worker !== undefined) return this.#worker
    const worker = startPeer(
      { runtime, heapMb: this.#options.heapMb },
      {
        onMessage: message => {
          const pending = this.#pending.get(message.id)
          if (message.kind === 'event') pending?.onEvent(message.event)
          else if (message.kind === 'result') pending?.resolve(message.result)
          else pending?.reject(new EngineError(message.error))
        },
        onExit: reason => {
          if (this.#worker === worker) this.#worker = undefined
          const { message } = toPlain(reason)
          const error = new EngineError({
            code: 'engine-crashed',
            message: "the engine's thread ended in the middle of this request",
            help: 'Try again; a new thread starts by itself.',
            consequence: 'retry',
            details: {},
            causes: reason === undefined ? [] : [message]
          })
          for (const pending of this.#pending.values()) pending.reject(error)
        }
      }
    )
    this.#worker = worker
    return worker
  }
}
