import type { Multiaddr } from '@multiformats/multiaddr'
import { isPublic } from '../public.ts'

/** How a node finds out whether others can dial it. */
export interface ReachPolicy {
  /** Addresses that count as the outside; a test's network says which of its own do. */
  readonly isPublic: (address: Multiaddr) => boolean
  /** Milliseconds between looks at whether something is to be asked, and from meeting a first peer to asking it. */
  readonly lookMs: number
  readonly firstMs: number
  /** Milliseconds until what was found is asked again: when others could dial us, and when not. */
  readonly againMs: { readonly good: number; readonly bad: number }
}

export const reachPolicy: ReachPolicy = {
  isPublic,
  firstMs: 500,
  lookMs: 5_000,
  againMs: { good: 300_000, bad: 60_000 }
}
