import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Apply, Draft } from './draft.ts'
import { emptyNode } from './records.ts'
import type { NodeRecord, Tables } from './records.ts'

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

const ended =
  (state: 'released' | 'refunded') =>
  async ({ escrow }: { escrow: Hex }, draft: Draft, { escrows }: Tables): Promise<string | undefined> => {
    const known = await draft.get(escrows, escrow)
    if (known === undefined) return `escrow ${escrow} was never funded`
    await draft.put(escrows, escrow, { ...known, state })
    return undefined
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
  Slashed: ({ node }, draft, tables) =>
    change(node, draft, tables, () => ({ staked: 0n, unbonding: 0n, availableAt: 0n })),
  PayoutSet: ({ node, payout }, draft, tables) => change(node, draft, tables, () => ({ payout })),
  async EscrowFunded({ escrow: id, job, builder, worker, amount, deadline, block }, draft, { escrows }) {
    await draft.put(escrows, id, { id, job, builder, worker, amount, deadline, state: 'funded', block })
  },
  EscrowReleased: ended('released'),
  EscrowRefunded: ended('refunded')
} as const satisfies { [N in ChainEventOfJobs]: Apply<N> }

type ChainEventOfJobs =
  | 'Staked'
  | 'UnbondRequested'
  | 'Withdrawn'
  | 'Slashed'
  | 'PayoutSet'
  | 'EscrowFunded'
  | 'EscrowReleased'
  | 'EscrowRefunded'
