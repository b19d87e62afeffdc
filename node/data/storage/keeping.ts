import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Holdings } from './holdings.ts'

/** Contributions looked at in one go, and files fetched. */
const lookedAtOnce = 256
const fetchedAtOnce = 4
const mostManifestBytes = 128 << 20
const fetchMs = 30_000

/**
 * Keeps what is to be kept of Datanets that are followed: what was accepted and never fetched here, or came while this
 * node was away, and the manifest of the latest version, without which nobody can tell what belongs to it.
 */
export interface Keeping {
  /** Looks on, a few contributions at a time, at one Datanet after another. @returns how many files came */
  round(): Promise<number>
}

export function createKeeping(
  { chain, files, log, self }: Pick<DataDeps, 'chain' | 'files' | 'log' | 'self'>,
  book: Pick<Book, 'contributions' | 'datanet' | 'listing' | 'removed'>,
  holdings: Pick<Holdings, 'hold'>,
  followed: () => readonly Hex[],
  stopping: AbortSignal
): Keeping {
  let turn = 0
  let from = 1

  async function take(
    cid: string,
    reason: `contribution/${Hex}` | `version/${Hex}`,
    maxBytes: number,
    have: Address[]
  ) {
    if (await files.has(cid)) return 0
    const providers = have.filter(one => one !== self)
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(fetchMs)])
    const { length } = await files.fetchBytes(cid, { maxBytes, providers, signal })
    await holdings.hold(cid, reason, length)
    await files.provide(cid)
    return 1
  }

  async function look(datanet: Hex): Promise<number> {
    const document = (await book.datanet(datanet))?.document
    if (document === undefined) return 0
    const { host } = document.statement.message
    let taken = 0
    const version = (await book.listing(datanet))?.version ?? 0
    const anchored = version === 0 ? undefined : await chain.datanets.version(datanet, version)
    if (anchored !== undefined) taken += await take(anchored.cid, `version/${datanet}`, mostManifestBytes, [host])
    let looked = 0
    for await (const { id, index, contributor, provider, state } of book.contributions(datanet, from, lookedAtOnce)) {
      looked++
      from = index + 1
      if (state.name !== 'accepted' || (await book.removed(id)) !== undefined) continue
      const { cid } = state.statements.reveal.message
      const have = [...(provider === undefined ? [] : [provider]), contributor, host]
      taken += await take(cid, `contribution/${id}`, document.rules.maxBytes, have)
      if (taken >= fetchedAtOnce || stopping.aborted) return taken
    }
    if (looked < lookedAtOnce) next()
    return taken
  }
  function next(): void {
    turn++
    from = 1
  }

  return {
    async round() {
      const all = followed()
      const datanet = all[turn % Math.max(1, all.length)]
      if (datanet === undefined) return 0
      try {
        return await look(datanet)
      } catch (error) {
        log.debug('a file to be kept is not to be had now', { datanet, error })
        next()
        return 0
      }
    }
  }
}
