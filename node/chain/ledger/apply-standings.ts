import type { Apply } from './draft.ts'
import { mostAccusations } from './standings.ts'

const unknown = (worker: string): string => `${worker} does not stand for its answers`

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
    if (known === undefined) return unknown(worker)
    const said = { scorer, model, epoch, round, receipts, transaction }
    const accusations = [...known.accusations, said].slice(-mostAccusations)
    await draft.put(standings, `${pool}/${worker}`, { ...known, accusations })
    return undefined
  },
  async WorkerFoundOut({ pool, worker, model, epoch, round, receipts, taken, transaction }, draft, { standings }) {
    const known = await draft.get(standings, `${pool}/${worker}`)
    if (known === undefined) return unknown(worker)
    const foundOut = { model, epoch, round, receipts, taken, transaction }
    await draft.put(standings, `${pool}/${worker}`, { ...known, foundOut })
    return undefined
  }
} as const satisfies { [N in 'WorkerStands' | 'WorkerLeft' | 'NotAsOffered' | 'WorkerFoundOut']: Apply<N> }
