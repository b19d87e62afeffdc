import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Apply, Draft } from './draft.ts'
import type { EscrowRecord } from './escrow-records.ts'
import { earn, hold } from './income.ts'
import { emptyNode, placeOf } from './records.ts'
import type { NodeRecord, Tables } from './records.ts'
import { total } from './totals.ts'

async function change(
  node: Address,
  draft: Draft,
  { nodes }: Tables,
  edit: (node: NodeRecord) => Partial<NodeRecord>
): Promise<void> {
  const known = (await draft.get(nodes, node)) ?? emptyNode
  await draft.put(nodes, node, { ...known, ...edit(known) })
}
const less = (from: bigint, amount: bigint): bigint => (from > amount ? from - amount : 0n)

const isOpen = ({ state }: EscrowRecord): boolean =>
  state === 'funded' || state === 'taken' || state === 'delivered' || state === 'refused'

async function go(
  escrow: Hex,
  edit: Partial<Pick<EscrowRecord, 'state' | 'deposit'>>,
  draft: Draft,
  tables: Tables
): Promise<string | undefined> {
  const known = await draft.get(tables.escrows, escrow)
  if (known === undefined) return `escrow ${escrow} was never funded`
  await draft.put(tables.escrows, escrow, { ...known, ...edit })
  return undefined
}

async function end(
  escrow: Hex,
  last: Pick<EscrowRecord, 'state' | 'unpaid'> & { readonly state: 'released' | 'refunded' | 'burnt' },
  draft: Draft,
  tables: Tables
): Promise<EscrowRecord | undefined> {
  const known = await draft.get(tables.escrows, escrow)
  if (known === undefined) return undefined
  await draft.put(tables.escrows, escrow, { ...known, ...last })
  if (isOpen(known)) await hold(known, -1n, draft, tables)
  return known
}

/** Nodes with their stakes, and the escrows of jobs. */
export const applyJobs = {
  Staked: (event, draft, tables) =>
    change(event.node, draft, tables, ({ staked }) => ({ staked: staked + event.amount })),
  async UnbondRequested({ node, amount, availableAt }, draft, tables) {
    const missing = ((await draft.get(tables.nodes, node))?.staked ?? 0n) < amount
    await change(node, draft, tables, ({ staked, unbonding }) => ({
      staked: less(staked, amount),
      unbonding: unbonding + amount,
      availableAt
    }))
    return missing ? `${node} asks more back than it staked` : undefined
  },
  Withdrawn: ({ node }, draft, tables) => change(node, draft, tables, () => ({ unbonding: 0n, availableAt: 0n })),
  async Slashed(event, draft, tables) {
    const { node, amount, reporter, reward, block, transaction } = event
    const place = placeOf(event)
    const { voided } = (await draft.get(tables.nodes, node)) ?? emptyNode
    const isBehind = voided?.transaction === transaction
    // What is at stake goes first, then what is on its way out.
    await change(node, draft, tables, ({ staked, unbonding }) => ({
      staked: less(staked, amount),
      unbonding: less(unbonding, less(amount, staked)),
      slashed: place
    }))
    await draft.put(tables.slashes, place, {
      node,
      amount,
      reporter,
      reward,
      contribution: null,
      ...(isBehind ? { because: 'voided-epoch', pool: voided.pool, epoch: voided.epoch } : {}),
      block,
      transaction,
      place
    })
    await draft.put(tables.slashesOf, `${node}/${place}`, place)
    await earn(event, { account: reporter, kind: 'validating', amount: reward, of: null }, draft, tables)
  },
  PayoutSet: ({ node, payout }, draft, tables) => change(node, draft, tables, () => ({ payout })),
  async EscrowFunded({ escrow: id, job, builder, worker, amount, deadline, block }, draft, tables) {
    const record = { id, job, builder, worker, amount, deadline, deposit: 0n, state: 'funded', block } as const
    await draft.put(tables.escrows, id, record)
    await hold(record, 1n, draft, tables)
    await total({ escrowed: amount, escrows: 1n }, draft, tables)
  },
  async EscrowTaken({ escrow, deposit }, draft, tables) {
    const known = await draft.get(tables.escrows, escrow)
    if (known !== undefined)
      await hold({ builder: known.builder, worker: known.worker, amount: 0n, deposit }, 1n, draft, tables)
    return go(escrow, { state: 'taken', deposit }, draft, tables)
  },
  EscrowDelivered: ({ escrow }, draft, tables) => go(escrow, { state: 'delivered' }, draft, tables),
  EscrowRefused: ({ escrow }, draft, tables) => go(escrow, { state: 'refused' }, draft, tables),
  EscrowBurnt: async ({ escrow }, draft, tables) =>
    (await end(escrow, { state: 'burnt' }, draft, tables)) === undefined
      ? `escrow ${escrow} was never funded`
      : undefined,
  async DepositLost() {
    // It comes with the end of its escrow, after which the worker has nothing in it.
  },
  async EscrowReleased(event, draft, tables) {
    await total({ released: event.paid, releases: 1n }, draft, tables)
    const known = await end(
      event.escrow,
      { state: 'released', ...(event.paid === 0n ? { unpaid: true } : {}) },
      draft,
      tables
    )
    if (known === undefined) return `escrow ${event.escrow} was never funded`
    const { worker: account, job: of } = known
    await earn(event, { account, kind: 'training', amount: event.paid, of }, draft, tables)
  },
  EscrowRefunded: async ({ escrow }, draft, tables) =>
    (await end(escrow, { state: 'refunded' }, draft, tables)) === undefined
      ? `escrow ${escrow} was never funded`
      : undefined
} as const satisfies { [N in ChainEventOfJobs]: Apply<N> }

type ChainEventOfJobs =
  | 'Staked'
  | 'UnbondRequested'
  | 'Withdrawn'
  | 'Slashed'
  | 'PayoutSet'
  | 'EscrowFunded'
  | 'EscrowTaken'
  | 'EscrowDelivered'
  | 'EscrowRefused'
  | 'EscrowBurnt'
  | 'DepositLost'
  | 'EscrowReleased'
  | 'EscrowRefunded'
