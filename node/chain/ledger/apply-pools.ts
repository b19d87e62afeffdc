import type { Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Apply, Draft } from './draft.ts'
import { earn } from './income.ts'
import { claimedKey, emptyNode, emptyPool, placeOf } from './records.ts'
import type { PoolRecord, ProposalRecord, Tables } from './records.ts'
import { explainSlash } from './slashed.ts'
import { total } from './totals.ts'

const poolOf = async (id: Hex, draft: Draft, { pools }: Tables): Promise<PoolRecord> =>
  (await draft.get(pools, id)) ?? emptyPool(id)

async function changePending(
  pool: Hex,
  epoch: number,
  draft: Draft,
  tables: Tables,
  edit: (proposal: ProposalRecord) => Partial<ProposalRecord>
): Promise<string | undefined> {
  const { pending } = await poolOf(pool, draft, tables)
  const key = `${pool}/${pending}`
  const proposal = pending === null ? undefined : await draft.get(tables.proposals, key)
  if (proposal?.epoch !== epoch) return `epoch ${epoch} of ${pool} was never proposed`
  const changed = { ...proposal, ...edit(proposal) }
  await draft.put(tables.proposals, key, changed)
  if (changed.state !== 'pending') await draft.delete(tables.pending, key)
  return undefined
}

async function settle(
  pool: Hex,
  epoch: number,
  draft: Draft,
  tables: Tables,
  state: 'final' | 'voided',
  edit: Partial<PoolRecord> = {}
): Promise<string | undefined> {
  const missing = await changePending(pool, epoch, draft, tables, () => ({ state }))
  await draft.put(tables.pools, pool, { ...(await poolOf(pool, draft, tables)), pending: null, ...edit })
  return missing
}

/** Pools of data fees, their epochs, and what was paid out of them. */
export const applyPools = {
  async PoolDeposited({ pool, amount }, draft, tables) {
    const known = await poolOf(pool, draft, tables)
    await draft.put(tables.pools, pool, { ...known, deposited: known.deposited + amount })
    await total({ deposited: amount }, draft, tables)
  },
  // What a round is the contract knows; it is told as news.
  ReceiptsAnchored: async () => undefined,
  ScorersDrawn: async () => undefined,
  WordsCommitted: async () => undefined,
  async ScorerPenalised({ pool, epoch, scorer: node, absent, taken, transaction }, draft, tables) {
    if (taken === 0n) return // it had nothing at stake any more
    const because = absent ? 'absent-scorer' : 'wrong-words'
    return explainSlash(draft, tables, { node, transaction }, { because, pool, epoch })
  },
  async EpochProposed(event, draft, tables) {
    const { name: _name, logIndex: _index, ...proposal } = event
    const place = placeOf(event)
    const pool = await poolOf(event.pool, draft, tables)
    const { round } = event
    const record = { ...proposal, state: 'pending', vetoed: 0n, place } as const
    await draft.put(tables.proposals, `${event.pool}/${place}`, record)
    await draft.put(tables.proposalsOf, `${event.pool}/${sequenceKey(event.epoch)}/${place}`, place)
    await draft.put(tables.pending, `${event.pool}/${place}`, event.pool)
    await draft.put(tables.pools, event.pool, { ...pool, pending: place, round })
    return event.epoch === pool.epoch + 1 && round === pool.round + 1 && pool.pending === null
      ? undefined
      : `what became of an epoch of ${event.pool} is missing`
  },
  async EpochVoided(event, draft, tables) {
    const { pool, epoch, challenger, reward, transaction } = event
    const { pending } = await poolOf(pool, draft, tables)
    const proposer = pending === null ? undefined : (await draft.get(tables.proposals, `${pool}/${pending}`))?.proposer
    if (proposer !== undefined) {
      const known = (await draft.get(tables.nodes, proposer)) ?? emptyNode
      await draft.put(tables.nodes, proposer, { ...known, voided: { pool, epoch, transaction } })
    }
    // A veto pays nobody; whoever shows a fraud gets a part of the bond.
    await earn(event, { account: challenger, kind: 'settling', amount: reward, of: pool }, draft, tables)
    return settle(pool, epoch, draft, tables, 'voided')
  },
  EpochVetoed: ({ pool, epoch, vetoed }, draft, tables) =>
    changePending(pool, epoch, draft, tables, () => ({ vetoed })),
  async EpochFinalized({ pool, epoch, payoutsTotal }, draft, tables) {
    await total({ epochs: 1n }, draft, tables)
    return settle(pool, epoch, draft, tables, 'final', { epoch, payoutsTotal, round: 0 })
  },
  async BondSettled() {
    // What a vetoed proposal cost is its proposer's loss, and nobody's income.
  },
  async PayoutClaimed(event, draft, tables) {
    const { pool, account, amount, cumulative, block, transaction } = event
    const place = placeOf(event)
    await draft.put(tables.claims, place, { pool, account, amount, cumulative, block, transaction, place })
    await earn(event, { account, kind: 'data', amount, of: pool }, draft, tables)
    for (const key of [`account/${account}`, `pool/${pool}`]) await draft.put(tables.claimsBy, `${key}/${place}`, place)
    const known = await poolOf(pool, draft, tables)
    await draft.put(tables.pools, pool, { ...known, paid: known.paid + amount })
    await total({ paid: amount, claims: 1n }, draft, tables)
    const before = (await draft.get(tables.claimed, claimedKey(pool, account))) ?? 0n
    await draft.put(tables.claimed, claimedKey(pool, account), cumulative)
    return before + amount === cumulative ? undefined : `a claim of ${account} from ${pool} is missing`
  }
} as const satisfies {
  [
    N in
      | 'PoolDeposited'
      | 'ReceiptsAnchored'
      | 'ScorersDrawn'
      | 'WordsCommitted'
      | 'ScorerPenalised'
      | 'EpochProposed'
      | 'EpochVoided'
      | 'EpochVetoed'
      | 'BondSettled'
      | 'EpochFinalized'
      | 'PayoutClaimed'
  ]: Apply<N>
}
