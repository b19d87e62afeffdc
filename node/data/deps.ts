import type { Network } from '../../protocol/crypto/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import type { FollowedChain } from '../chain/types.ts'
import type { Automations, Clock, Events, Log, Metrics, Switched } from '../runtime/index.ts'
import type { Store } from '../store/index.ts'
import type { Files, Gossip, Peers, Streams } from '../transport/types.ts'
import type { DataEvents } from './types.ts'

export interface DataTiming {
  /** How often notes are compared with some peer, besides at each connection. */
  readonly syncMs: number
  /** How often open contributions are looked at when nothing is heard. */
  readonly tickMs: number
  /** Longest single try to fetch a shard; it is tried again until the vote's window is over. */
  readonly fetchMs: number
  /** How long a contribution stays open that a quorum has gone past, in case its certificate is on its way. */
  readonly passMs: number
  /** How often one more Datanet is looked at whose shards may need a place. */
  readonly spareMs: number
  /** How often a host looks at what was accepted, besides after each decision. */
  readonly anchorMs: number
  /** How long a host asks validators to seal a version, and how long one may lack what was just accepted. */
  readonly sealMs: number
  /** How often a juror looks at what is asked of it, besides after each block with news of it. */
  readonly juryMs: number
  readonly sealGraceMs: number
}

export const defaultTiming: DataTiming = {
  syncMs: 10_000,
  tickMs: 1_000,
  fetchMs: 15_000,
  passMs: 5_000,
  spareMs: 60_000,
  anchorMs: 30_000,
  sealMs: 30_000,
  juryMs: 15_000,
  sealGraceMs: 30_000
}

/** Bytes lent to shards of Datanets that this node has nothing to do with, unless its owner says otherwise. */
export const defaultStorage = 2 ** 30

/** When a host anchors what was accepted since the last version. */
export interface AnchorPolicy {
  /** As soon as so many contributions wait for it. */
  readonly contributions: number
  /** However few they are, so long after the first of them was accepted. */
  readonly seconds: number
}

export interface DataDeps {
  readonly key: Uint8Array
  readonly self: Address
  readonly network: Network
  readonly chain: Pick<
    FollowedChain,
    'addresses' | 'account' | 'bonds' | 'datanets' | 'juries' | 'ledger' | 'questions'
  >
  readonly gossip: Gossip
  readonly streams: Streams
  readonly peers: Pick<Peers, 'connected' | 'dial' | 'find' | 'on'>
  readonly files: Pick<
    Files,
    'addBytes' | 'car' | 'fetchBytes' | 'findProviders' | 'has' | 'provide' | 'takeCar' | 'unpin'
  >
  readonly store: Store
  readonly events: Events<DataEvents>
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics
  readonly automations: Automations
  /** When this node anchors versions of its own Datanets by itself; undefined: it is no host. */
  readonly anchor?: Switched<AnchorPolicy>
  /** Whether a validator that is alive keeps its seat by itself. Default true. */
  readonly seat?: boolean
  /** Whether a juror that is drawn does what it is asked by itself. Default true. */
  readonly jury?: boolean
  /** Whether a validator says yes to sealed questions that its checks find nothing in, and opens them. Default true. */
  readonly questions?: boolean
  /** Whether bonds are asked back by themselves. Default true. */
  readonly bonds?: boolean
  /** Whether a validator votes by its own checks; false leaves it to a person. Default true. */
  readonly autoVote?: boolean
  /** Whether a node that has no vote runs the checks too, for itself. Default true. */
  readonly checks?: boolean
  /** Datanets that the owner follows by choice: names, ids, or beginnings of ids. */
  readonly follow?: readonly string[]
  /** Bytes for shards of others' Datanets that too few have; 0 for none. */
  readonly storage?: number
  readonly timing?: Partial<DataTiming>
}
