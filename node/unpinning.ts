import { z } from 'zod'
import { InvalidError, LimitError, anySignal } from '../protocol/primitives/index.ts'
import type { Clock, Log } from './runtime/index.ts'
import type { Store } from './store/index.ts'
import type { Files } from './transport/types.ts'

// What is kept has its reason in a table before it is pinned, and is unpinned with it. Earlier versions pinned some of
// what they read and kept no note of it: that would stay for ever. So once for each folder that was there before, what
// nothing refers to is let go: no entry of the database, whatever its table, and no document that one refers to.

/** Whether it was done with this folder. */
export const unpinnedRecord = z.literal(true)
const mark = 'done'

/** By then the services have looked for what they want, and the chain has told what it knows. */
const restMs = 3_600_000
/** Larger ones are rows, weights and states, which refer to nothing, or manifests, of which tables name the parts. */
const mostDocumentBytes = 2 << 20
const readMs = 10_000

export interface Unpinning {
  /** Before anything is pinned in this process. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface UnpinningDeps {
  readonly store: Pick<Store, 'collection' | 'copy'>
  readonly files: Pick<Files, 'watchPins' | 'fetchBytes' | 'unpin'>
  /** Until the chain's events up to now are in the tables. */
  readonly caughtUp: () => Promise<void>
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly afterMs?: number
}

/** All but what says which document came before this one: those go by themselves. */
const withoutBefore = (text: string): string => {
  try {
    const { previous: _, ...rest } = JSON.parse(text) as Record<string, unknown>
    return JSON.stringify(rest)
  } catch {
    return text // no document of ours, which names nothing, or as text
  }
}

export function createUnpinning({ store, files, caughtUp, clock, log, afterMs = restMs }: UnpinningDeps): Unpinning {
  const table = store.collection('files/unpinned', unpinnedRecord)
  const life = new AbortController()
  let running: Promise<void> | undefined

  async function sweep(old: Awaited<ReturnType<Files['watchPins']>>): Promise<void> {
    await clock.sleep(afterMs, life.signal)
    await caughtUp()
    const wanted = new Set<string>()
    const found = (text: string): string[] => {
      const fresh = old.namedIn(text).filter(root => !wanted.has(root))
      for (const root of fresh) wanted.add(root)
      return fresh
    }
    const documents: string[] = []
    for await (const [key, text] of store.copy()) {
      life.signal.throwIfAborted()
      documents.push(...found(key), ...found(text))
    }
    for (let root = documents.pop(); root !== undefined; root = documents.pop()) {
      const signal = anySignal([life.signal, AbortSignal.timeout(readMs)])
      const bytes = await files
        .fetchBytes(root, { maxBytes: mostDocumentBytes, pin: false, brief: true, signal })
        .catch((error: unknown) => {
          if (error instanceof LimitError && error.code === 'files.too-large') return undefined
          if (error instanceof InvalidError && error.code === 'files.not-file') return undefined // a folder
          throw error // what it refers to cannot be known
        })
      if (bytes !== undefined) documents.push(...found(withoutBefore(new TextDecoder().decode(bytes))))
    }
    let count = 0
    for (const root of old.left()) {
      if (wanted.has(root)) continue
      life.signal.throwIfAborted()
      await files.unpin(root)
      count++
    }
    await table.put(mark, true)
    if (count > 0) log.info('files that an earlier version kept, and nothing refers to, are let go', { count })
  }

  return {
    async start() {
      if (await table.has(mark)) return
      const old = await files.watchPins()
      running = sweep(old)
        .catch((error: unknown) => {
          if (!life.signal.aborted)
            log.warn('what an earlier version kept is looked through at the next start', { error })
        })
        .finally(() => {
          old.end()
        })
    },
    async stop() {
      life.abort()
      await running
    }
  }
}
