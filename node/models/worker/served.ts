import type { ModelRecord } from '../../../protocol/models/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import type { SignedOffer } from '../offers.ts'
import type { Speech } from '../speech.ts'

/** A model that is open in the engine and offered. */
export interface Served {
  readonly model: ModelRecord
  readonly base: string
  readonly adapter: string | undefined
  readonly speech: Speech
  /** The node's own engine, or a server of its owner's. */
  readonly answerer: Answerer
  readonly inputPrice: bigint
  readonly outputPrice: bigint
  /** Moving average over answers. */
  speed: number
  offer: SignedOffer
}
