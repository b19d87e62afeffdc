import { troubles } from './storm.ts'
import type { Trouble } from './storm.ts'

export interface Script {
  readonly troubles: readonly Trouble[]
  /** Milliseconds with troubles, of the story's time. */
  readonly stormMs: number
}
/** All troubles, for as long as the seed says: what takes one of a few hits is found sooner in many short stories. */
export const scriptOf = (seed: number): Script => ({ troubles, stormMs: 4_000 * (1 + (seed % 5)) })
