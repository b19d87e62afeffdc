import type { ModelRecord } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { anySignal } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import type { Lease } from '../shelf/index.ts'
import type { Parts } from './deps.ts'

/** How long an answer waits for its model's tokenizer, and how long it does without one that was not to be had. */
const patienceMs = 20_000
const missingMs = 300_000
/** Bases that are held for their tokenizers, and those remembered as missing. */
const mostTokenizers = 8
const mostMissing = 1_000

export interface Folders {
  /**
   * Folders of base and adapter on this disk, which stay until the model is dropped.
   * @param strangers somebody else has caused it: what it may take, in bytes of its adapter
   * @throws as shelf.take
   */
  fetch(
    model: ModelRecord,
    signal?: AbortSignal,
    strangers?: { readonly maxAdapterBytes: number }
  ): Promise<{ base: string; adapter: string | undefined }>
  /** The model is offered no more. */
  drop(model: Hex): void
  /** The base model's folder, unless it is larger than that or nobody gives it. */
  baseUpTo(model: ModelRecord, maxBytes: number, signal?: AbortSignal): Promise<string | undefined>
}

/** What this phase holds on the shelf: the models that are offered, and bases whose tokenizers a client needs. */
export function createFolders({ shelf, log, clock }: Pick<Parts, 'shelf' | 'log' | 'clock'>): Folders {
  const offered = new Map<Hex, readonly Lease[]>()
  const tokenizers = new Map<string, Lease>()
  /** Bases that were not to be had a while ago. */
  const missing = createCache<string, true>({ max: mostMissing, forMs: missingMs, clock })
  const providersOf = ({ builder, worker }: ModelRecord): string[] => [...new Set([worker, builder])]

  const folders: Folders = {
    async fetch(model, signal, strangers) {
      const cause = strangers === undefined ? 'owner' : 'question'
      const most = strangers === undefined ? {} : { maxBytes: strangers.maxAdapterBytes }
      const ask = { from: providersOf(model), cause, signal } as const
      const base = await shelf.take(model.base, { ...ask, kind: 'base' })
      try {
        const adapter =
          model.adapter === null ? undefined : await shelf.take(model.adapter, { ...ask, ...most, kind: 'adapter' })
        folders.drop(model.id)
        offered.set(model.id, adapter === undefined ? [base] : [base, adapter])
        return { base: base.folder, adapter: adapter?.folder }
      } catch (error) {
        base.release()
        throw error
      }
    },
    drop(model) {
      for (const lease of offered.get(model) ?? []) lease.release()
      offered.delete(model)
    },
    async baseUpTo(model, maxBytes, signal) {
      const known = tokenizers.get(model.base)
      if (known !== undefined) return known.folder
      if (missing.get(model.base) === true) return undefined
      const patience = AbortSignal.timeout(patienceMs)
      try {
        const lease = await shelf.take(model.base, {
          kind: 'base',
          from: providersOf(model),
          cause: 'stranger',
          maxBytes,
          signal: signal === undefined ? patience : anySignal([signal, patience])
        })
        tokenizers.get(model.base)?.release() // two questions may have asked at once
        tokenizers.set(model.base, lease)
        missing.delete(model.base)
        const [oldest] = tokenizers
        if (tokenizers.size > mostTokenizers && oldest !== undefined) {
          tokenizers.delete(oldest[0])
          oldest[1].release()
        }
        return lease.folder
      } catch (error) {
        signal?.throwIfAborted()
        missing.set(model.base, true)
        log.info('a base model is not at hand for its tokenizer: prompts are only bounded', { model: model.id, error })
        return undefined
      }
    }
  }
  return folders
}
