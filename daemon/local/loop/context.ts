import type {
  JobView,
  ModelView,
  ReceiptView,
  EpochView,
  VersionView,
  ContributionView,
  RankView
} from '../../api/contract/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { ContributorFile, LoopInput } from './input.ts'
import type { LocalNetwork } from '../network/index.ts'
import type { Reporter } from './reporter.ts'

export interface Person {
  readonly name: string
  readonly address: Address
  readonly privateKey: Uint8Array
}

/** What the stages of the loop read and leave behind, each field set by the stage that makes it. */
export interface LoopContext {
  readonly network: LocalNetwork
  readonly input: LoopInput
  readonly reporter: Reporter
  readonly people: { readonly person: Person; readonly file: ContributorFile }[]
}

export interface DataDone {
  datanet: string
  contributions: { view: ContributionView; person: Person; file: ContributorFile }[]
  version: VersionView
}
export interface JobDone {
  base: string
  job: JobView
  seconds: number
}
export interface Answer {
  question: number
  text: string
  exact: boolean
}
export interface ModelsDone {
  baseModel: ModelView
  model: ModelView
  base: Answer[]
  tuned: Answer[]
  receipts: ReceiptView[]
}
export interface PayoutsDone {
  epoch: EpochView
  /** The round's receipts, with what scorers found. */
  receipts: ReceiptView[]
  payouts: {
    address: string
    role: 'contributor' | 'worker' | 'builder'
    name: string
    amount: bigint
    claimed: boolean
    before: bigint
    after: bigint
    /** What of a contributor's waits for what later versions show. */
    keptBack?: bigint
  }[]
  feesPaid: bigint
  feesPaidOut: bigint
  held: bigint
  heldReason: string
  /** Contributors by rank, which rows do not buy. */
  ranks: RankView[]
}
