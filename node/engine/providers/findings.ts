import type { Provider } from '../graph/provider.ts'

/** What is known of one execution provider on this machine. */
export interface Finding {
  readonly provider: Provider
  /** A session was made and gave the right numbers. */
  readonly usable: boolean
  /** Not a graphics processor that the CPU imitates (SwiftShader, llvmpipe, WARP). */
  readonly real: boolean
  /** Products in float16 ran too (WebGPU's shader-f16). */
  readonly half: boolean
  /** Name of the adapter or of its driver, as far as it can be told. */
  readonly adapter?: string
  /** The finding as a sentence without a full stop. */
  readonly reason: string
  /** What an owner can do about it. */
  readonly help?: string
}
