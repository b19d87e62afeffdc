import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Apply, Draft } from './draft.ts'
import type { Tables } from './records.ts'
import { mostAccusations } from './standings.ts'
import { explainSlash } from './slashed.ts'
import type { StandingRecord } from './standings.ts'

const unknown = (worker: string): string => `${worker} does not stand for its answers`

/** Of a worker in a pool that is found out, whether it ever stood there or not. */
async function foundOf(
  { pool, worker }: { readonly pool: Hex; readonly worker: Address },
  draft: Draft,
  { standings, standingsOf }: Tables
): Promise<StandingRecord> {
  const known = await draft.get(standings, `${pool}/${worker}`)
  if (known !== undefined) return known
  await draft.put(standingsOf, `${worker}/${pool}`, pool)
  return { pool, worker, since: 0n, until: 0n, accusations: [], foundOut: null, lostBefore: null }
}

/** What workers stand for, and what scorers say of it. */
export const applyStandings = {
  async WorkerStands({ pool, worker, since }, draft, { standings, standingsOf }) {
    const before = await draft.get(standings, `${pool}/${worker}`)
    await draft.put(standings, `${pool}/${worker}`, {
      pool,
      worker,
      since,
      until: null,
      accusations: [],
      foundOut: null,
      lostBefore: before?.foundOut ?? before?.lostBefore ?? null
    })
    await draft.put(standingsOf, `${worker}/${pool}`, pool)
  },
  async WorkerLeft({ pool, worker, until }, draft, { standings }) {
    const known = await draft.get(standings, `${pool}/${worker}`)
    if (known === undefined) return unknown(worker)
    await draft.put(standings, `${pool}/${worker}`, { ...known, until })
    return undefined
  },
  async NotAsOffered({ pool, worker, scorer, model, epoch, round, receipts, transaction }, draft, { standings }) {
    const known = await draft.get(standings, `${pool}/${worker}`)
    // One member of a panel may name any address: of who never stood nothing is kept before enough have spoken.
    if (known === undefined) return
    const said = { scorer, model, epoch, round, receipts, transaction }
    const accusations = [...known.accusations, said].slice(-mostAccusations)
    await draft.put(standings, `${pool}/${worker}`, { ...known, accusations })
  },
  async WorkerFoundOut({ pool, worker, model, epoch, round, receipts, taken, time, transaction }, draft, tables) {
    const known = await foundOf({ pool, worker }, draft, tables)
    const foundOut = { model, epoch, round, receipts, taken, time, transaction }
    await draft.put(tables.standings, `${pool}/${worker}`, { ...known, foundOut })
    if (taken === 0n) return // it did not stand for its answers, or lost what it stood for before
    return explainSlash(draft, tables, { node: worker, transaction }, { because: 'not-as-offered', pool, epoch })
  }
} as const satisfies { [N in 'WorkerStands' | 'WorkerLeft' | 'NotAsOffered' | 'WorkerFoundOut']: Apply<N> }
