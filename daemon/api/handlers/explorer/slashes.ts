import type { Node } from '../../../../node/node.ts'
import type { Handlers } from '../../server/index.ts'

/** Stakes that were taken, the newest first. A chain that does not answer keeps back their times, and nothing else. */
export const slashHandlers = ({ chain }: Pick<Node, 'chain'>): Pick<Handlers, 'slashes'> => ({
  async slashes({ params: { node, limit, cursor } }) {
    const { items, next } = await chain.ledger.slashes(node === undefined ? {} : { node }, {
      reverse: true,
      limit,
      ...(cursor === undefined ? {} : { after: cursor })
    })
    const times = await chain.transactions.times(items.map(({ block }) => block)).catch(() => new Map<bigint, bigint>())
    return {
      items: items.map(slash => {
        const at = times.get(slash.block)
        return {
          node: slash.node,
          amount: slash.amount.toString(),
          reporter: slash.reporter,
          reward: slash.reward.toString(),
          contribution: slash.contribution,
          pool: slash.pool ?? null,
          epoch: slash.epoch ?? null,
          audit: slash.audit ?? null,
          because: slash.because ?? null,
          block: slash.block.toString(),
          at: at === undefined ? null : Number(at) * 1000,
          transaction: slash.transaction
        }
      }),
      next: next ?? null
    }
  }
})
