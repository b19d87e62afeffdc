import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { receiptId, settledOf } from '../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../protocol/payouts/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Bundles } from './bundles.ts'
import type { Proposals } from '../proposals.ts'
import type { ReceiptStore } from '../receipts/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Epochs gone through one by one after an absence; of more, places alone say what is settled. */
const maxMissed = 16
/** Pools that may wait. */
const maxPools = 4096

/** Takes what is final on chain to the receipts on this disk: what an epoch has counted is settled and archived. */
export interface Finality {
  /** Until this pool's receipts stand where the chain does. @throws TilthError where the last bundle cannot be had */
  follow(pool: Hex): Promise<void>
  /** Nobody needs the bundle of an epoch that was voided; what it said of itself is kept for views. */
  voided(pool: Hex, epoch: number): void
  idle(): Promise<void>
}

export function createFinality(
  { chain, log, network }: Pick<PayoutsDeps, 'chain' | 'log' | 'network'>,
  receipts: ReceiptStore,
  bundles: Pick<Bundles, 'final' | 'letGo' | 'tidy'>,
  proposals: Pick<Proposals, 'of'>
): Finality {
  const perPool = createQueue({ name: 'final epochs', bound: maxPools })

  /** What this epoch itself counts; told only where the one before was gone through too. */
  function countedBy({ receipts: list }: EpochBundle): { ids: Set<Hex>; channels: Set<Hex> } {
    return {
      ids: new Set(list.map(one => receiptId(network, one))),
      channels: new Set(list.map(({ receipt }) => receipt.message.channel))
    }
  }

  async function apply(pool: Hex, epoch: number, last: boolean): Promise<void> {
    const here = await receipts.pool(pool)
    let found: { cid: string; bundle: EpochBundle }
    try {
      found = await bundles.final(pool, epoch)
    } catch (error) {
      // An old bundle that nobody has any more: the next one's places tell what it has counted.
      if (last || !(error instanceof TilthError)) throw error
      log.info('the bundle of an old epoch cannot be had', { pool, epoch, code: error.code })
      return
    }
    const { cid, bundle } = found
    const left = await receipts.settle({
      pool,
      epoch,
      bundle: cid,
      at: bundle.at,
      settled: settledOf(bundle.settled),
      counted: here.epoch === epoch - 1 ? countedBy(bundle) : undefined
    })
    if (left > 0) log.info('receipts of a final epoch are archived', { pool, epoch, receipts: left })
  }

  async function letGoOfVoided(pool: Hex, epoch: number): Promise<void> {
    const all = await proposals.of(pool, epoch)
    const needed = new Set(all.filter(({ state }) => state !== 'voided').map(({ event }) => event.bundle))
    for (const { event } of all) if (!needed.has(event.bundle)) await bundles.letGo(event)
  }

  return {
    follow: pool =>
      perPool.run(pool, async () => {
        const { epoch } = await chain.payouts.pool(pool)
        const here = await receipts.pool(pool)
        const missed = epoch - here.epoch
        if (missed > 0) await bundles.tidy(pool, epoch)
        for (let next = missed > maxMissed ? epoch : here.epoch + 1; next <= epoch; next++)
          await apply(pool, next, next === epoch)
      }),
    voided(pool, epoch) {
      letGoOfVoided(pool, epoch).catch((error: unknown) => {
        log.warn('the bundle of a voided epoch could not be let go', { pool, epoch, error })
      })
    },
    idle: () => perPool.idle()
  }
}
