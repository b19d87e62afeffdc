import type { JobMessage } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Cache } from '../../runtime/cache.ts'
import type { JobsDeps, JobsTiming } from '../deps.ts'
import type { Curves } from './curves.ts'
import type { JobEscrows } from './escrows.ts'
import type { ProgressServer } from './progress.ts'
import type { BuilderStates } from './states.ts'

/** What the parts of the builder's side share. */
export interface Desk {
  readonly deps: JobsDeps
  readonly timing: JobsTiming
  readonly escrows: JobEscrows
  readonly progress: ProgressServer
  readonly curves: Curves
  readonly states: BuilderStates
  /**
   * Deliveries of which all was found good that can be seen before held-out questions are opened, and (`…/own`) those
   * that were found good on their own rows.
   */
  readonly seen: Cache<string, true>
  /** Ends what is fetched and measured. */
  readonly signal: AbortSignal
  readonly say: (message: JobMessage) => Promise<void>
  /** Takes every step that a job can take now. */
  readonly drive: (id: Hex) => void
  readonly nowSeconds: () => bigint
  /** In [0, 1): which sibling of a lot is measured. */
  readonly random: () => number
}
