import type { AuditedSegment } from '../../../protocol/jobs/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

/** How the audit of a model's trainings stands. */
export interface AuditView {
  readonly model: Hex
  /** Segments that its Datanet's rules ask for; 0 for none. */
  readonly asked: number
  /**
   * unaudited: nobody asks for one · unopened, undrawn, running, nobody, lapsed: it waits, for what `auditWords` say ·
   * passed: it is admitted · struck: it was, and waits for another round · refused, other: it never is.
   */
  readonly state:
    | 'unaudited'
    | 'unopened'
    | 'undrawn'
    | 'running'
    | 'nobody'
    | 'lapsed'
    | 'passed'
    | 'struck'
    | 'refused'
    | 'other'
  /** null where none was opened. */
  readonly audit: Hex | null
  readonly rounds: number
  /** Of the round that passed, or the last one. */
  readonly round?: number
  readonly seed?: Hex | null
  readonly panel?: readonly Address[]
  /** Chain seconds. */
  readonly until?: bigint
  /** Of that round: what its builder has put in for, and who has what of it; before the close as the words stand. */
  readonly pay?: {
    readonly segments: number
    /** For one run of one segment. */
    readonly fee: bigint
    readonly closed: boolean
    readonly paid: readonly { readonly auditor: Address; readonly amount: bigint }[]
    /** Who said nothing in time, and has paid for it. */
    readonly absent: readonly Address[]
  }
  readonly segments: readonly AuditedSegment[]
}
