import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelRecord } from '../../protocol/models/index.ts'
import type { Parts } from './deps.ts'

/** Most bytes of a base model's folder, and of an adapter's. */
const maxBaseBytes = 64 * 2 ** 30
const maxAdapterBytes = 2 ** 30
/** How long an answer waits for its model's tokenizer, and how long it does without one that was not to be had. */
const patienceMs = 20_000
const missingMs = 300_000

export interface Folders {
  /** Folders of base and adapter on this disk, fetched if need be. @throws as files.fetchDirectory */
  fetch(model: ModelRecord, signal?: AbortSignal): Promise<{ base: string; adapter: string | undefined }>
  /** The base model's folder, unless it is larger than that or nobody gives it. */
  baseUpTo(model: ModelRecord, maxBytes: number, signal?: AbortSignal): Promise<string | undefined>
}

/** Models by CID, fetched once: two that need one at the same time wait for one fetch. */
export function createFolders({
  files,
  folder,
  log,
  clock
}: Pick<Parts, 'files' | 'folder' | 'log' | 'clock'>): Folders {
  const running = new Map<string, Promise<void>>()
  /** Bases that were not to be had, and when they are looked for again. */
  const missing = new Map<string, number>()

  async function get(
    kind: 'bases' | 'adapters',
    cid: string,
    maxBytes: number,
    providers: readonly string[],
    signal?: AbortSignal
  ): Promise<string> {
    const path = join(folder, kind, cid)
    if (existsSync(path)) return path
    let fetching = running.get(cid)
    if (fetching === undefined) {
      fetching = mkdir(join(folder, kind), { recursive: true })
        .then(() =>
          files.fetchDirectory(cid, path, { maxBytes, providers, ...(signal === undefined ? {} : { signal }) })
        )
        .finally(() => {
          running.delete(cid)
        })
      running.set(cid, fetching)
    }
    await fetching
    return path
  }
  const providersOf = ({ builder, worker }: ModelRecord): string[] => [...new Set([worker, builder])]

  return {
    async fetch(model, signal) {
      const providers = providersOf(model)
      const base = await get('bases', model.base, maxBaseBytes, providers, signal)
      const adapter =
        model.adapter === null ? undefined : await get('adapters', model.adapter, maxAdapterBytes, providers, signal)
      return { base, adapter }
    },
    async baseUpTo(model, maxBytes, signal) {
      if ((missing.get(model.base) ?? 0) > clock.now()) return undefined
      const patience = AbortSignal.timeout(patienceMs)
      try {
        return await get(
          'bases',
          model.base,
          maxBytes,
          providersOf(model),
          signal === undefined ? patience : AbortSignal.any([signal, patience])
        )
      } catch (error) {
        signal?.throwIfAborted()
        missing.set(model.base, clock.now() + missingMs)
        log.info('a base model is not at hand for its tokenizer: prompts are only bounded', { model: model.id, error })
        return undefined
      }
    }
  }
}
