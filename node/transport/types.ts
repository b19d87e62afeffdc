import type { z } from 'zod'
import type { Address } from '../../protocol/primitives/index.ts'
import type { nodeRoles, Protocol, Topic } from '../../protocol/wire/index.ts'

// What services ask of the network. A service takes the one or two of these that it uses. CIDs and PeerIds are text;
// accounts are node addresses (lower case): a PeerId holds a node's public key, so its address follows from it.

/** A peer under both its names. */
export interface Peer {
  readonly peerId: string
  readonly address: Address
}

/** How others are named in calls: an account's address (`0x…`) or a PeerId's text. */
export type PeerName = string

export interface Gossip {
  /**
   * Hears a topic; one subscriber per topic. Each message is decoded by size, depth and schema, then given to the
   * handler; the handler's return forwards it (accept), a thrown TilthError decides by its consequence: `reject` costs
   * the forwarding peer score, `ignore` and `retry` only stop the message here. The verdict is awaited before others
   * get the message, so a handler checks and stores, and leaves long work (fetching, training) to a queue. What was not
   * said now, and what was passed on a moment ago, does not come to the handler.
   * `from` is who forwarded it, neither its author nor who says it now: authors sign.
   * @returns unsubscribe.
   */
  subscribe<T>(
    topic: Topic,
    schema: z.ZodType<T>,
    handler: (message: T, from: Peer) => Promise<void> | void
  ): () => void
  /**
   * Says it now, signed, to the topic's mesh; own messages are not delivered to the own handler. The same may be said
   * again for those who came late, and is passed on once in the topic's `repeatMs`. Bigints go as decimal text. What is
   * more than others take from one sayer is not said.
   * @returns how many peers it went to at once; 0 is no error.
   * @throws LimitError `frame.too-large` · InvalidError `frame.schema` where the own handler could not read it
   */
  publish(topic: Topic, message: unknown): Promise<{ recipients: number }>
  /**
   * It is known here without anybody's saying it: when others say it, nobody looks at it, for as long as the topic's
   * `repeatMs`.
   */
  known(topic: Topic, message: unknown): void
  /** Peers known to listen to a topic. */
  subscribers(topic: Topic): Peer[]
}

/** A two-way stream of JSON frames under the limits of its protocol's row in the wire table. */
export interface MessageStream extends Peer {
  readonly protocol: Protocol
  /** Aborts when the stream is over, by either side or a broken connection; its reason is the TilthError. */
  readonly signal: AbortSignal
  /**
   * Resolves when there is room for more: awaiting it is the back-pressure.
   * @throws TilthError `stream.closed`, `limit.time`
   */
  send(value: unknown): Promise<void>
  /**
   * The next frame; `undefined` when the other side has ended its half in order.
   * @throws PeerError when the other side failed (its code) · InvalidError `frame.*` (the stream is then closed with
   * that code) · LimitError `limit.time` · TilthError `stream.closed` when the connection broke
   */
  next<T>(schema: z.ZodType<T>, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<T | undefined>
  /** `next` until the end, as an iteration; leaving the loop early does not close the stream. */
  receive<T>(schema: z.ZodType<T>, options?: { timeoutMs?: number; signal?: AbortSignal }): AsyncIterable<T>
  /** Ends this half; the other side's `next` gives undefined. What was sent still arrives. */
  end(): Promise<void>
  /** Sends the error's code (never its message) and closes both halves. */
  fail(error: unknown): Promise<void>
  /** Fails it, and charges the other side for what it said, if nobody honest says so: for whoever asked. */
  blame(error: unknown): Promise<void>
}

export interface Streams {
  /**
   * Serves a protocol. When `serve` returns the stream is ended, when it throws it is failed with the error's code.
   * @returns unhandle
   */
  handle(protocol: Protocol, serve: (stream: MessageStream) => Promise<void>): () => Promise<void>
  /**
   * Opens a stream, connecting first if need be.
   * @throws TilthError `peer.unreachable` (retry) · `peer.unknown` · `peer.no-protocol`
   */
  open(peer: PeerName, protocol: Protocol, options?: { signal?: AbortSignal }): Promise<MessageStream>
}

export interface Peers {
  readonly self: Peer
  /** Own multiaddrs, each ending in /p2p/PEERID: what others take as bootstrap. */
  listening(): string[]
  /** Connected now. */
  connected(): Peer[]
  /** How a peer is connected; both at once counts as direct. */
  way(peerId: string): 'direct' | 'relay' | undefined
  /**
   * Finds an account's peer: connections, the peer store, then the DHT (nodes provide a key made of their address).
   * @throws NotFoundError `peer.unknown`
   */
  find(peer: PeerName, options?: { signal?: AbortSignal }): Promise<Peer>
  /** An account's peer and the multiaddrs it has told, as far as they are known here: nobody is asked. */
  known(account: Address): Promise<{ readonly peerId: string; readonly addresses: readonly string[] } | undefined>
  /** Connects by multiaddr, PeerId or address. @throws TilthError `peer.unreachable` */
  dial(peer: PeerName, options?: { signal?: AbortSignal }): Promise<Peer>
  /**
   * Until at least so many peers are connected and in the DHT's table.
   * @throws LimitError `network.lonely` after timeoutMs, with help
   */
  ready(minPeers: number, timeoutMs: number): Promise<void>
  /** @returns stop listening */
  on(event: 'connect' | 'disconnect', listener: (peer: Peer) => void): () => void
}

export interface FetchOptions {
  /** Whether it is kept until it is unpinned, which it is unless this is false; else it may go after an hour. */
  pin?: boolean
  /** Bytes of content at most, of a folder in all. */
  maxBytes: number
  /** When it aborts, its reason is thrown. In any case a fetch gives up after a minute without a block. */
  signal?: AbortSignal
  /** Peers that should have it (its author, a worker): asked first, by dialling them; the DHT is asked besides. */
  providers?: readonly PeerName[]
  /**
   * Who of those that are connected is asked alone before everybody is, in this order, each until nothing has come for
   * so long. They may be fetching it themselves: whoever is asked for what it has not yet sends it as soon as it comes.
   */
  first?: { readonly peers: readonly PeerName[]; readonly eachMs: number }
  /**
   * For what may be nobody's: gives up after a quarter of a minute without a block, and what nobody had is not looked
   * for again for a minute, longer each time, until one of its providers comes.
   */
  brief?: boolean
  /**
   * Of a folder: awaited once names and sizes are known, before its files are asked for; what it throws ends the fetch.
   * From then on a brief one is as patient as others.
   */
  admit?: (files: readonly { path: string; size: number }[]) => Promise<void>
  /** Hears of bytes as they come. */
  onBytes?: (bytes: number) => void
  /** Awaited after bytes came, before more are asked for: how a fetch is held to a bandwidth. */
  pace?: (bytes: number, signal: AbortSignal) => Promise<void>
}

export interface OldPins {
  /** CIDs. */
  left(): string[]
  /** What of all that is pinned a text names, however it spells it. */
  namedIn(text: string): string[]
  end(): void
}

/**
 * Content by CID. What `add*` and `fetch*` return is pinned and on disk. The same bytes have the same CID on every
 * node.
 */
export interface Files {
  addBytes(bytes: Uint8Array, options?: { pin?: boolean }): Promise<string>
  /** A file's content (streamed). */
  addFile(path: string): Promise<string>
  /** A folder with its regular files and folders; links and other things are refused (`files.not-plain`). */
  addDirectory(path: string, options?: { pin?: boolean }): Promise<string>
  /**
   * @throws LimitError `files.too-large` · NotFoundError `files.unavailable` (nobody had it in time) · InvalidError
   * `files.cid`, `files.not-file`
   */
  fetchBytes(cid: string, options: FetchOptions): Promise<Uint8Array>
  /**
   * Writes a folder's files under `toPath`, which appears complete or not at all (a folder of that name is replaced).
   * @throws as fetchBytes · InvalidError `files.bad-path` (names that lead out), `files.not-directory`
   */
  fetchDirectory(cid: string, toPath: string, options: FetchOptions): Promise<void>
  /**
   * A folder's bytes need not be on disk twice: from now on its blocks are read from the folder where others want them,
   * and are not kept beside it. `folder` holds what the CID says and stays as it is until it is taken back.
   */
  lend(cid: string, folder: string): Promise<void>
  lentFrom(cid: string): Promise<string | undefined>
  /** Before a lent folder goes. */
  takeBack(cid: string): Promise<void>
  /** Names (relative, `/`) and sizes of a folder's files, by its tree alone: nothing of it is kept. */
  list(cid: string, options: FetchOptions): Promise<{ path: string; size: number }[]>
  /** Trees that are on this disk as one CAR; what of them is missing is asked for. */
  car(cids: readonly string[]): AsyncIterable<Uint8Array>
  /**
   * Puts a CAR's blocks beside ours, as if peers had brought them: they stay for an hour, or for good once pinned.
   * @returns its roots
   * @throws InvalidError `files.car` · LimitError `files.too-large`
   */
  takeCar(car: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string[]>
  /** Whether all of it is on this disk. */
  has(cid: string): Promise<boolean>
  /** What was pinned before this, and nobody has asked for since: for whoever looks what of it is still wanted. */
  watchPins(): Promise<OldPins>
  /** Nobody here needs it for itself any more: what nothing else needs of it goes with the next collection. */
  unpin(cid: string): Promise<void>
  /**
   * Removes blocks that nothing kept refers to, except the last hour's. It happens by itself twice an hour.
   * @returns what went and what stayed; undefined when it could not be known what to keep
   */
  collect(): Promise<{ readonly removed: number; readonly bytes: number; readonly kept: number } | undefined>
  /**
   * Announces in the DHT that this node has it, and goes on doing so. Resolves also when no peer took the record yet.
   */
  provide(cid: string, options?: { signal?: AbortSignal }): Promise<void>
  findProviders(cid: string, options?: { signal?: AbortSignal; limit?: number }): AsyncIterable<Peer>
}

/**
 * Whether others can dial this node: `open` directly, `relayed` through a relay only, `closed` not, `local` not meant
 * to.
 */
export const reachStates = ['open', 'relayed', 'closed', 'unknown', 'local'] as const
export type ReachState = (typeof reachStates)[number]

export interface ReachAddress {
  readonly address: string
  /** TCP, WebSocket, QUIC, WebRTC or a relay. */
  readonly over: string
  /**
   * How it is known: a peer `dialled` it when asked, somebody came `inbound` by it, it leads through a `relay`, it is
   * only `announced`, peers tried and `failed`, or `none`.
   */
  readonly proof: 'dialled' | 'inbound' | 'relay' | 'announced' | 'failed' | 'none'
  /** Who dialled it, and when (ms). */
  readonly by?: string
  readonly at?: number
}

export interface ReachView {
  readonly state: ReachState
  readonly addresses: readonly ReachAddress[]
  /** IP addresses at which peers see this node. */
  readonly seenAt: readonly string[]
  /** Peers that tried. */
  readonly asked: number
  /** What to do so that others can. */
  readonly help?: string
}

export interface Reach {
  view(): ReachView
}

/** A peer that this node is connected to, and what it says of itself; null what it has not said. */
export interface NeighbourView extends Peer {
  readonly way: 'direct' | 'relay'
  /** Milliseconds there and back; null before the first ping. */
  readonly ms: number | null
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  readonly roles: readonly string[] | null
  /** Others that it is connected to: how many, and some of them. */
  readonly connected: number | null
  readonly neighbours: readonly { readonly peerId: string; readonly ms: number | null }[] | null
  /** When it was asked last. */
  readonly toldAt: number | null
}

export interface Neighbours {
  /** As it is known now; peers that have said nothing for a minute are asked, and `onChange` tells what comes of it. */
  view(): readonly NeighbourView[]
  /** Somebody came, went or answered. @returns off */
  onChange(listener: () => void): () => void
}

export interface Transport {
  readonly peers: Peers
  readonly gossip: Gossip
  readonly streams: Streams
  readonly files: Files
  readonly reach: Reach
  readonly neighbours: Neighbours
  /** Seconds that peers' clocks are ahead of this one (their median), and how many they are. */
  readonly clockSkew: () => { readonly seconds: number; readonly peers: number }
  /** What is noted of the content that this node keeps, for a copy of its folder. */
  heldRecords(): AsyncIterable<[key: string, value: Uint8Array]>
  stop(): Promise<void>
}

/** `local`: many nodes on one host. `public`: addresses of their own, relays for those behind a NAT. */
export type Preset = 'local' | 'public'

export interface TransportOptions {
  /** 32 bytes, secp256k1: the node's one key. */
  privateKey: Uint8Array
  /** Multiaddrs, e.g. `/ip4/127.0.0.1/tcp/0`. */
  listen: readonly string[]
  /**
   * Multiaddrs at which others see this node (a forwarded port, a container's host); told to them with what is found.
   */
  announce?: readonly string[]
  /** What it does in the network, as it tells those who ask. */
  roles?: readonly (typeof nodeRoles)[number][]
  /** Lends itself to those whom others cannot dial. */
  relay?: boolean
  /** Asks the router to forward the ports. */
  upnp?: boolean
  /** Multiaddrs of known nodes with their /p2p part; empty for the first node. */
  bootstrap: readonly string[]
  /** Folder for blocks, the peer store and DHT records. */
  directory: string
  preset: Preset
  /** Ask the DHT, answer nobody: for browsers-like and short-lived nodes. */
  clientMode?: boolean
}
