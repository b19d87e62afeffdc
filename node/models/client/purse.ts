import type { Signed } from '../../../protocol/crypto/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { AskRecord, ClientChannel } from '../records.ts'

/** One request to one worker. `received` are the answer tokens that have come. */
export interface Ask {
  readonly id: Hex
  record: AskRecord
  received: number[]
  live: boolean
  /** Resolves when the request is on disk. */
  readonly written: Promise<void>
}

/** A channel in use: what is on disk, and the asks that are owed on it. */
export interface Purse {
  readonly id: Hex
  record: ClientChannel
  readonly asks: Map<Hex, Ask>
  /** The worker refuses it, or it was found lying: not used any more. */ spent: boolean
  /** It is on disk: one whose first write failed is written by whoever comes to it next. */ stored: boolean
  /** Its worker was asked in this process what of it may be forgotten here, or there was nothing before. */
  recalled: boolean
  /** The number of the last receipt at which its worker was found to be behind. */
  toldAt?: bigint
  /** The last voucher that was signed: each frame of an answer that carries one asks for it again. */
  signed?: Signed<'Voucher'>
}
