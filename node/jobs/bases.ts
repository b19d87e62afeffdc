import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from '../../protocol/primitives/index.ts'
import type { JobsDeps } from './deps.ts'
import { maxBaseBytes } from './limits.ts'

/** The folder of a base model on this disk. */
export type Bases = (cid: string, from: Address, signal?: AbortSignal) => Promise<string>

/** Base models are fetched once: two lots that need one at the same time wait for one fetch. */
export function createBases(deps: Pick<JobsDeps, 'files' | 'folder'>): Bases {
  const running = new Map<string, Promise<void>>()
  return async (cid, from, signal) => {
    const folder = join(deps.folder, 'bases', cid)
    if (existsSync(folder)) return folder
    let fetching = running.get(cid)
    if (fetching === undefined) {
      fetching = deps.files
        .fetchDirectory(cid, folder, {
          maxBytes: maxBaseBytes,
          providers: [from],
          ...(signal === undefined ? {} : { signal })
        })
        .finally(() => {
          running.delete(cid)
        })
      running.set(cid, fetching)
    }
    await fetching
    return folder
  }
}
