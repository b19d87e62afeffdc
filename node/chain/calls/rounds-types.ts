import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Mined } from '../addresses.ts'

/** The first step of an epoch: its receipts, and what chance has said since. Times are chain seconds. */
export interface RoundOnChain {
  readonly settler: Address
  /** How often this epoch's receipts were anchored. */
  readonly number: number
  readonly receiptsRoot: Hex
  readonly receiptsTotal: bigint
  readonly receiptCount: number
  /** CID of the document. */
  readonly receipts: string
  readonly anchoredAt: bigint
  /** Payouts were proposed on it. */
  readonly spent: boolean
  /** Block whose hash draws. */
  readonly drawFrom: bigint
  /** Undefined before the draw, and so are panel and ends. */
  readonly drawn:
    | {
        readonly seed: Hex
        readonly panel: readonly Address[]
        readonly commitEnds: bigint
        readonly revealEnds: bigint
        /** What each of the panel has committed to, as far as it has. */
        readonly commitments: ReadonlyMap<Address, Hex>
      }
    | undefined
}

export interface RoundCalls {
  /** Undefined where no receipts were anchored, or a fault was shown in them. */
  round(pool: Hex, epoch: number): Promise<RoundOnChain | undefined>
  /** Seconds to commit, and to show what was committed. */
  roundRules(): Promise<{ commitWindow: bigint; revealWindow: bigint }>
  /** Who has a seat among a pool's scorers. */
  scorers(pool: Hex): Promise<readonly Address[]>
  join(pool: Hex): Promise<Mined>
  giveUp(pool: Hex): Promise<Mined>
  /** Locks stake and takes the least bond. */
  anchorReceipts(step: {
    pool: Hex
    epoch: number
    receiptsRoot: Hex
    receiptsTotal: bigint
    receiptCount: number
    receipts: string
  }): Promise<Mined>
  /** Anyone may, once its block is over and while the chain knows it. */
  draw(pool: Hex, epoch: number): Promise<Mined>
  commit(pool: Hex, epoch: number, seed: Hex, word: Hex): Promise<Mined>
  /** Takes a tenth of the least stake from a scorer who has committed nothing in time. Anyone may. */
  penaliseAbsent(pool: Hex, epoch: number, round: number, scorer: Address): Promise<Mined>
  /** A validator holds a scorer's words for wrong, or has not seen them. */
  blame(pool: Hex, epoch: number, round: number, scorer: Address): Promise<Mined>
}
