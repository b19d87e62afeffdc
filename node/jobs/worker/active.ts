import type { ProgressView } from '../types.ts'
import type { Reporter } from './report.ts'

/** An assignment at work: what is not on disk. */
export interface Active {
  /** Ends the training; the stream stays until the builder has heard of it. */
  readonly work: AbortController
  readonly stream: AbortController
  readonly reporter: Reporter
  progress: ProgressView | null
  readonly losses: number[]
  /** The builder has it wait. */
  paused: boolean
  /** Ends what is trained now, until it may go on. */
  hold: () => void
}
