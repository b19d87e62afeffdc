import { checkPayouts, payoutsTree, reasonsOf } from '../../protocol/payouts/index.ts'
import type { EpochBundle, EpochReasons } from '../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import type { createReceiptPlaces } from './places.ts'
import type { Proposal, Proposals } from './proposals.ts'
import type { Bundles } from './settler/index.ts'
import type { ClaimPaper, EpochPapers, PayoutsDeps, PayoutsService } from './types.ts'

/** Epochs that were looked through and are kept: a large one is some hundred megabytes as objects. */
const mostKept = 2

/** What stands behind an epoch, for whoever wants to see why it pays what it pays. Nothing here decides anything. */
export function createReasons(
  { network }: Pick<PayoutsDeps, 'network'>,
  {
    proposals,
    bundles,
    placesOf
  }: { proposals: Proposals; bundles: Bundles; placesOf: ReturnType<typeof createReceiptPlaces> }
): Pick<PayoutsService, 'epochPapers' | 'reasons' | 'claims'> {
  const kept = createCache<string, EpochReasons>({ max: mostKept })

  /** The proposal that counts: the last one of its number that was not voided. */
  async function standing(pool: Hex, epoch: number): Promise<Proposal> {
    await proposals.caughtUp()
    const found = (await proposals.of(pool, epoch)).findLast(({ state }) => state !== 'voided')
    if (found === undefined)
      throw new NotFoundError('epoch.unknown', `the pool has no epoch ${epoch} that stands`, {
        help: 'See `tilth epoch list`; one that was voided pays nobody.'
      })
    return found
  }

  async function papers(pool: Hex, epoch: number): Promise<EpochPapers> {
    const { event, state } = await standing(pool, epoch)
    const bundle = await bundles.load(event)
    // [reject] The bundle is the one whose roots stand on chain.
    checkPayouts(bundle, event)
    if (bundle.receiptsRoot !== event.receiptsRoot || bundle.pool !== pool || bundle.epoch !== epoch)
      throw new InvalidError('bundle.place', "the bundle is not the one of this epoch's roots")
    return { bundle, state, stated: event, receiptPlaces: () => placesOf(event.bundle, bundle) }
  }

  return {
    epochPapers: papers,
    async reasons(pool, epoch) {
      const { bundle, stated } = await papers(pool, epoch)
      const known = kept.get(stated.bundle)
      if (known !== undefined) return known
      const reasons = reasonsOf(network, bundle)
      kept.set(stated.bundle, reasons)
      return reasons
    },
    async claims(account) {
      await proposals.caughtUp()
      const found: ClaimPaper[] = []
      for await (const { id: pool, epoch } of proposals.pools()) {
        const paper = epoch === 0 ? undefined : await claimOf(pool, epoch, account)
        if (paper !== undefined) found.push(paper)
      }
      return found
    }
  }

  async function claimOf(pool: Hex, epoch: number, account: Address): Promise<ClaimPaper | undefined> {
    const bundle = await latest(pool)
    const index = bundle?.payouts.findIndex(line => line.account === account) ?? -1
    const line = bundle?.payouts[index]
    if (bundle === undefined || line === undefined) return undefined
    const claimed = await proposals.claimed(pool, account)
    const { cumulative } = line
    if (cumulative <= claimed) return undefined
    return {
      pool,
      epoch,
      account,
      cumulative,
      claimed,
      proof: payoutsTree(bundle.payouts).proof(index),
      root: { hash: bundle.payoutsRoot, sum: bundle.payoutsTotal }
    }
  }

  /** Anybody can open a pool and publish nonsense in it: it keeps nobody from the other pools. */
  async function latest(pool: Hex): Promise<EpochBundle | undefined> {
    try {
      return await bundles.latest(pool)
    } catch (error) {
      if (error instanceof InvalidError || error instanceof NotFoundError) return undefined
      throw error
    }
  }
}
