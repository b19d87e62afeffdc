import type { DatanetRules } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { anySignal } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Rosters } from '../rosters.ts'
import { announces } from './announcing.ts'
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

const seatsOf = ({ validators }: Pick<DatanetRules, 'validators'>): Address[] =>
  validators.map(({ address }) => address)

export function createKeeping(
  { chain, files, log, self }: Pick<DataDeps, 'chain' | 'files' | 'log' | 'self'>,
  book: Pick<Book, 'contributions' | 'datanet' | 'listing' | 'removed'>,
  holdings: Pick<Holdings, 'fetch' | 'reasons' | 'release'>,
  rosters: Pick<Rosters, 'deciding'>,
  followed: () => readonly Hex[],
  stopping: AbortSignal
): Keeping {
  let turn = 0
  /** The Datanet that is walked through, and the contribution that it goes on with. */
  let walk: { readonly datanet?: Hex; from: number } = { from: 1 }

  async function take(
    datanet: Hex,
    cid: string,
    reason: `contribution/${Hex}` | `version/${Hex}`,
    maxBytes: number,
    { have, seats }: { have: readonly Address[]; seats: readonly Address[] }
  ): Promise<'here' | 'came' | 'missing'> {
    // What is here for another's sake alone may go with that.
    if ((await files.has(cid)) && (await holdings.reasons(cid)).includes(reason)) return 'here'
    const providers = have.filter(one => one !== self)
    const signal = anySignal([stopping, AbortSignal.timeout(fetchMs)])
    try {
      await holdings.fetch(cid, reason, { maxBytes, providers, signal })
    } catch (error) {
      log.debug('a file to be kept is not to be had now', { datanet, cid, error })
      return 'missing'
    }
    if (followed().includes(datanet)) {
      if (announces(cid, seats, self)) await files.provide(cid)
      return 'came'
    }
    // It was left meanwhile, and what was kept of it let go.
    await holdings.release(cid, reason)
    return 'missing'
  }

  async function look(datanet: Hex): Promise<number> {
    const document = (await book.datanet(datanet))?.document
    if (document === undefined) {
      next()
      return 0
    }
    const host = (await book.listing(datanet))?.host ?? document.statement.message.host
    const tries = { here: 0, came: 0, missing: 0 }
    const version = walk.from === 1 ? ((await book.listing(datanet))?.version ?? 0) : 0
    const anchored = version === 0 ? undefined : await chain.datanets.version(datanet, version)
    if (anchored !== undefined)
      tries[
        await take(datanet, anchored.cid, `version/${datanet}`, mostManifestBytes, {
          have: [host],
          seats: seatsOf(document.rules)
        })
      ]++
    let looked = 0
    for await (const record of book.contributions(datanet, walk.from, lookedAtOnce)) {
      const { id, index, contributor, provider, state } = record
      looked++
      // What is not to be had now holds up nothing: it has its turn again when all others have had theirs.
      walk.from = index + 1
      if (state.name !== 'accepted' || (await book.removed(id)) !== undefined) continue
      const { cid } = state.statements.reveal.message
      const have = [...(provider === undefined ? [] : [provider]), contributor, host]
      const { rules } = await rosters.deciding(id, document)
      tries[await take(datanet, cid, `contribution/${id}`, rules.maxBytes, { have, seats: seatsOf(rules) })]++
      const isOver = stopping.aborted || !followed().includes(datanet)
      if (isOver || tries.came + tries.missing >= fetchedAtOnce) return tries.came
    }
    if (looked < lookedAtOnce) next()
    return tries.came
  }
  function next(): void {
    turn++
    walk = { from: 1 }
  }

  return {
    async round() {
      const all = followed()
      const datanet = all[turn % Math.max(1, all.length)]
      if (datanet === undefined) return 0
      if (walk.datanet !== datanet) walk = { datanet, from: 1 }
      try {
        return await look(datanet)
      } catch (error) {
        log.debug('it could not be looked at what is to be kept', { datanet, error })
        next()
        return 0
      }
    }
  }
}
