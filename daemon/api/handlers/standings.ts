import { everyOf } from '../../../node/chain/index.ts'
import { lastFoundOut } from '../../../node/models/index.ts'
import { bitsOf } from '../../../protocol/models/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { StandingRecord } from '../../../node/chain/types.ts'
import type { Node } from '../../../node/node.ts'
import type { StandingView, StatusView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import { timesOf } from './found-out.ts'
import type { Which } from './which.ts'

/** Weights of fewer bits say almost the same as those that are offered, and not quite. */
const leastBits = 8
/** Losses that the status tells of. */
const shown = 8
/** Receipts of a pool that are looked at for one of this node's own, the newest first. */
const mostLooked = 1_000

const ms = (seconds: bigint): number => Number(seconds) * 1000

const lostOf = (record: StandingRecord): StandingView['foundOut'] => {
  const lost = lastFoundOut(record)
  if (lost === null) return null
  const { model, epoch, receipts, taken, transaction } = lost
  return { model, epoch, receipts, taken: taken.toString(), transaction, ...timesOf(lost) }
}

const viewOf = (record: StandingRecord): StandingView => {
  const { pool, worker, since, until, accusations } = record
  return {
    datanet: pool,
    worker,
    // Clients from before read a time: a null would cost them the whole page.
    since: ms(since),
    until: until === null ? null : ms(until),
    ...(since === 0n ? { stood: false } : {}),
    accusations: accusations.map(({ scorer, model, epoch, receipts, transaction }) => ({
      scorer,
      model,
      epoch,
      receipts,
      transaction
    })),
    foundOut: lostOf(record)
  }
}

/** Workers that stand for their answers. */
export function standingHandlers(
  { chain, models, self }: Pick<Node, 'chain' | 'models' | 'self'>,
  which: Pick<Which, 'datanet'>
): Pick<Handlers, 'standings' | 'stand'> {
  /** [reject] What is stood for is said by this node's own engine, under the client's seed. @throws InvalidError */
  function requireOwnWeights(datanet: Hex): void {
    for (const { worker, model, weights = '' } of models.offers()) {
      if (worker !== self || models.model(model)?.datanet !== datanet || (bitsOf(weights) ?? 0) >= leastBits) continue
      throw new InvalidError('standing.weights', 'this node answers there from a server or from weights of few bits', {
        help: 'Stand for what the node itself says from 8 bits or more: another engine draws other tokens.'
      })
    }
  }
  return {
    async standings({ params: { worker, limit, cursor } }) {
      const page = { limit, ...(cursor === undefined ? {} : { after: cursor }) }
      const { items, next } = await chain.ledger.standings(worker, page)
      return { items: items.map(viewOf), next: next ?? null }
    },
    async stand({ params, body: { stands } }) {
      const datanet = await which.datanet(params.id)
      if (stands) requireOwnWeights(datanet)
      const penalty = await chain.serving.penalty()
      const { transaction } = await (stands ? chain.serving.stand(datanet) : chain.serving.leave(datanet))
      return { datanet, stands, penalty: penalty.toString(), transaction }
    }
  }
}

/** Whether a node has anything to do with a pool as a worker: it stood, offers or answered there. */
async function worksIn(
  { models, payouts, self }: Pick<Node, 'models' | 'payouts' | 'self'>,
  { pool, since }: Pick<StandingRecord, 'pool' | 'since'>
): Promise<boolean> {
  if (since > 0n) return true
  if (models.offers().some(({ worker, model }) => worker === self && models.model(model)?.datanet === pool)) return true
  for (let looked = 0, cursor: string | undefined; looked < mostLooked;) {
    const { items, next } = await payouts.receipts({ pool, order: 'newest', cursor })
    if (items.some(({ worker }) => worker === self)) return true
    if (next === null) return false
    looked += items.length
    cursor = next
  }
  return false
}

/**
 * Where this node's own answers were found to be by other weights, with what was taken of its stake, for as long as
 * clients pass it over. Scorers of a pool can say so of any address: of pools that it has nothing to do with it is not
 * told.
 */
export async function foundOut(
  node: Pick<Node, 'chain' | 'models' | 'payouts' | 'self'>
): Promise<Pick<StatusView, 'foundOut'>> {
  const { chain, self } = node
  const found: NonNullable<StatusView['foundOut']> = []
  for await (const record of everyOf(page => chain.ledger.standings(self, page))) {
    const lost = lostOf(record)
    if (lost === null || (lost.passedOverUntil ?? 0) <= Date.now() || !(await worksIn(node, record))) continue
    const { model, epoch, taken, transaction } = lost
    found.push({ datanet: record.pool, model, epoch, taken, transaction })
    if (found.length === shown) break
  }
  return found.length === 0 ? {} : { foundOut: found }
}
