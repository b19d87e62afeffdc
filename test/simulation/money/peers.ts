import { checkBundle, payoutsTree, receiptId, receiptsTree, settledOf } from '../../../protocol/payouts/index.ts'
import type { BundleFacts, ChannelFacts, EpochBundle, StatedEpoch } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import {
  builders,
  epochFrom,
  factsFor,
  heldOut,
  measures,
  model,
  network,
  now,
  panel,
  pool,
  saidOf,
  seed,
  selectReceipts,
  versions
} from '../../protocol/payouts/world.ts'

/** What the chain knows of the pool. */
export interface PoolOnChain {
  readonly channels: Map<Hex, ChannelFacts>
  /** What channels had claimed when the last epoch was proposed. */
  longClaimed: ReadonlyMap<Hex, bigint>
  deposited: bigint
  donated: bigint
  last: { readonly cid: string; readonly bundle: EpochBundle } | undefined
}

/** Somebody who hears receipts, settles with them, and looks at what others settle. */
export interface Peer {
  readonly name: string
  readonly isHonest: boolean
  readonly heard: Map<Hex, CosignedReceipt>
  /** Those that it had before notes were compared for the epoch at hand: nobody can say that they came too late. */
  long: readonly CosignedReceipt[]
}

export const hear = (peer: Peer, receipt: CosignedReceipt): void => {
  peer.heard.set(receiptId(network, receipt), receipt)
}

const timeOf = (epoch: number): bigint => now + BigInt(epoch) * 1_000n

/** The epoch that the rules make of what somebody has heard. */
export function honestEpoch(chain: PoolOnChain, heard: Iterable<CosignedReceipt>): EpochBundle {
  const all = [...heard]
  const epoch = (chain.last?.bundle.epoch ?? 0) + 1
  const settled = settledOf(chain.last?.bundle.settled ?? [])
  const facts = factsFor(all, undefined, { channels: chain.channels, settled, at: timeOf(epoch) })
  const { counted } = selectReceipts(all, facts)
  return made(chain, counted, epoch)
}

/** An epoch of just these receipts. */
export function made(chain: PoolOnChain, receipts: readonly CosignedReceipt[], epoch: number): EpochBundle {
  const { channels, donated, deposited, last: previous } = chain
  return epochFrom({ epoch, at: timeOf(epoch), receipts, channels: new Map(channels), donated, deposited, previous })
}

/** What stands on chain once it is proposed. */
function statedOf(bundle: EpochBundle): StatedEpoch {
  const [receipts, payouts] = [receiptsTree(network, bundle.receipts).root, payoutsTree(bundle.payouts).root]
  return {
    receiptsRoot: receipts.hash,
    receiptsTotal: receipts.sum,
    receiptCount: bundle.receipts.length,
    payoutsRoot: payouts.hash,
    payoutsTotal: payouts.sum,
    anchoredAt: bundle.at + 5n,
    proposedAt: bundle.at + 10n,
    seed,
    panel,
    commitments: saidOf(bundle.receipts).commitments
  }
}

/** What a peer finds wrong with a proposed epoch. */
export function faultsOf(chain: PoolOnChain, peer: Peer, bundle: EpochBundle): string[] {
  const facts: BundleFacts = {
    network,
    pool,
    channels: chain.channels,
    datanets: new Map([[model, pool]]),
    builders,
    versions,
    keeping: null,
    measures,
    epoch: (chain.last?.bundle.epoch ?? 0) + 1,
    stated: statedOf(bundle),
    previous: chain.last,
    deposited: chain.deposited,
    donated: chain.donated,
    longClaimed: chain.longClaimed,
    held: peer.long,
    heldOut
  }
  return checkBundle(bundle, facts).map(({ code }) => code)
}
