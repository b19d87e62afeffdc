import type { BlockBroker } from '@helia/interface'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { base64 } from 'multiformats/bases/base64'
import { equals } from 'multiformats/bytes'
import { anySignal } from '../../../protocol/primitives/index.ts'
import { abortReason, unlessAborted } from '../../runtime/index.ts'

/** Who is asked for a block, and nobody else is. */
export interface AskOptions {
  readonly ask?: PeerId
}

/** What bitswap sends to a peer; its own class is not exported, and has methods that no sender uses. */
interface WantMessage {
  readonly full: boolean
  readonly pendingBytes: number
  readonly wantlist: Map<string, { cid: Uint8Array; priority: number; cancel: boolean }>
  readonly blocks: Map<string, unknown>
  readonly blockPresences: Map<string, unknown>
}

/** The part of bitswap's list of wants that is used here; its types keep it from us. */
interface WantList {
  readonly network?: { sendMessage(peer: PeerId, message: WantMessage): Promise<void> }
  /** Peers that are connected and speak bitswap, with what each was asked for as everybody is. */
  readonly peers?: { has(peer: PeerId): boolean; entries(): Iterable<[PeerId, Set<string>]> }
  /** What everybody is asked for; what is deleted is taken back from nobody. */
  readonly wants?: Map<string, { readonly cid: CID }>
  /** Whether everybody is asked for it. */
  has(cid: CID): boolean
  wantSessionBlock(cid: CID, peer: PeerId, options?: { signal?: AbortSignal }): Promise<unknown>
  /** Tells a peer that has come all that everybody is asked for. */
  peerConnected?(peer: PeerId): Promise<void>
  addEventListener(event: 'block', listener: (event: CustomEvent<Came>) => void): void
  removeEventListener(event: 'block', listener: (event: CustomEvent<Came>) => void): void
}
interface Came {
  readonly cid: CID
  readonly block: Uint8Array
  readonly sender: PeerId
}

/**
 * Milliseconds after which a block that nobody waits for is wanted no more: between two peers that are asked for it
 * a fetch pauses, and whoever was asked first may still be the first to have it.
 */
const pauseMs = 500

/** A block that peers were asked for alone. */
interface Asked {
  /** Who has not sent it. */
  readonly peers: Map<string, PeerId>
  waiting: number
  timer?: ReturnType<typeof setTimeout>
}

/**
 * Questions that nobody waits for any more are taken back, or whoever was asked would send what nobody wants: those to
 * one peer alone, and those to everybody, of which the library forgets whom it asked and tells nobody.
 */
class Questions {
  readonly #wants: WantList
  /** Asked of one alone, by block: those that are waited for, and that were a moment ago. Bounded by whoever reads. */
  readonly #asked = new Map<string, Asked>()
  /** By peer and block, while it is told. */
  readonly #takenBack = new Map<string, Promise<void>>()
  /** By peer and block: how many wait for that peer to answer. */
  readonly #waiting = new Map<string, number>()
  /** By block that everybody is asked for: who has sent it, and needs not be told. */
  readonly #senders = new Map<string, Set<string>>()
  /** By peer: what it is told next, in one message for all blocks that were done with at once. */
  #leaving = new Map<string, { readonly peer: PeerId; readonly cids: CID[] }>()

  constructor(wants: WantList) {
    this.#wants = wants
    this.#followEverybodys(wants)
    const askOne = wants.wantSessionBlock.bind(wants)
    // What is being taken back is on its way first: merged with that the question would be lost.
    wants.wantSessionBlock = async (cid, peer, options) => {
      const at = this.#at(peer, cid)
      await unlessAborted(this.#takenBack.get(at) ?? Promise.resolve(), options?.signal)
      this.#waiting.set(at, (this.#waiting.get(at) ?? 0) + 1)
      try {
        return await askOne(cid, peer, options)
      } finally {
        const left = (this.#waiting.get(at) ?? 1) - 1
        if (left > 0) this.#waiting.set(at, left)
        else this.#waiting.delete(at)
      }
    }
  }

  /** Before one alone is asked. */
  begin(cid: CID, peer: PeerId): void {
    const name = nameOf(cid)
    const asked = this.#asked.get(name) ?? { peers: new Map<string, PeerId>(), waiting: 0 }
    this.#asked.set(name, asked)
    clearTimeout(asked.timer)
    asked.waiting++
    asked.peers.set(peer.toString(), peer)
  }

  /** @param sender who has sent it, if anybody has */
  end(cid: CID, sender: PeerId | undefined): void {
    const asked = this.#asked.get(nameOf(cid))
    if (asked === undefined) return
    if (sender !== undefined) asked.peers.delete(sender.toString())
    if (--asked.waiting > 0) return
    clearTimeout(asked.timer)
    asked.timer = setTimeout(() => {
      this.#asked.delete(nameOf(cid))
      for (const peer of asked.peers.values()) this.#takeBack(cid, peer)
    }, pauseMs)
    asked.timer.unref()
  }

  #followEverybodys(wants: WantList): void {
    const { wants: everybodys, peers } = wants
    if (everybodys === undefined || peers === undefined) return
    wants.addEventListener('block', ({ detail: { cid, sender } }) => {
      if (!wants.has(cid)) return
      const name = nameOf(cid)
      const senders = this.#senders.get(name) ?? new Set<string>()
      this.#senders.set(name, senders.add(sender.toString()))
    })
    const forget = everybodys.delete.bind(everybodys)
    // The library's own list still says whom it has asked: it forgets that next.
    everybodys.delete = key => {
      const cid = everybodys.get(key)?.cid
      const gone = forget(key)
      if (cid === undefined) return gone
      const senders = this.#senders.get(nameOf(cid))
      this.#senders.delete(nameOf(cid))
      for (const [peer, asked] of peers.entries())
        if (asked.has(key) && senders?.has(peer.toString()) !== true) this.#takeBack(cid, peer)
      return gone
    }
    const tell = wants.peerConnected?.bind(wants)
    if (tell === undefined) return
    wants.peerConnected = async peer => {
      const told = [...everybodys].map(([key, { cid }]) => [key, cid] as const)
      await tell(peer)
      // What came while that was on its way was taken back from all but this one.
      for (const [other, asked] of peers.entries())
        if (other.equals(peer))
          for (const [key, cid] of told) if (!everybodys.has(key) && asked.delete(key)) this.#takeBack(cid, peer)
    }
  }

  #at(peer: PeerId, cid: CID): string {
    return `${peer.toString()}/${nameOf(cid)}`
  }

  #takeBack(cid: CID, peer: PeerId): void {
    const { network, peers } = this.#wants
    // Everybody's question, and one that is waited for, is the same line of that peer's list.
    if (network === undefined || this.#wants.has(cid) || this.#waiting.has(this.#at(peer, cid))) return
    if (peers?.has(peer) !== true) return
    const text = peer.toString()
    const leaving = this.#leaving.get(text)
    if (leaving !== undefined) leaving.cids.push(cid)
    else this.#leaving.set(text, { peer, cids: [cid] })
    if (this.#leaving.size === 1 && leaving === undefined)
      queueMicrotask(() => {
        const all = [...this.#leaving.values()]
        this.#leaving = new Map()
        for (const one of all) this.#tell(network, one)
      })
  }

  #tell(network: NonNullable<WantList['network']>, { peer, cids }: { peer: PeerId; cids: readonly CID[] }): void {
    const wantlist = new Map(cids.map(cid => [nameOf(cid), { cid: cid.bytes, priority: 1, cancel: true }]))
    const told = network
      .sendMessage(peer, { full: false, pendingBytes: 0, wantlist, blocks: new Map(), blockPresences: new Map() })
      .catch(() => undefined) // whoever is gone has forgotten it
      .finally(() => {
        for (const cid of cids)
          if (this.#takenBack.get(this.#at(peer, cid)) === told) this.#takenBack.delete(this.#at(peer, cid))
      })
    for (const cid of cids) this.#takenBack.set(this.#at(peer, cid), told)
  }
}

/** As the library's messages name a block. */
const nameOf = (cid: CID): string => base64.encode(cid.multihash.bytes)

/**
 * A block from one peer that has it, or will: who is asked for what it has not yet sends it as soon as it comes. So one
 * that fetches the same serves those who asked it. (Bitswap's own sessions take "not yet" for an answer, and ask
 * others.)
 * @throws whatever keeps the question from being sent; the signal's reason
 */
async function askOne(
  wants: WantList,
  questions: Questions,
  cid: CID,
  peer: PeerId,
  signal: AbortSignal
): Promise<Uint8Array> {
  signal.throwIfAborted()
  const over = new AbortController()
  let sender: PeerId | undefined
  try {
    questions.begin(cid, peer)
    return await new Promise<Uint8Array>((resolve, reject) => {
      const heard = ({ detail }: CustomEvent<Came>): void => {
        if (!equals(detail.cid.multihash.bytes, cid.multihash.bytes)) return
        sender = detail.sender
        resolve(detail.block)
      }
      const abort = (): void => {
        reject(abortReason(signal))
      }
      signal.addEventListener('abort', abort, { once: true })
      wants.addEventListener('block', heard)
      over.signal.addEventListener('abort', () => {
        signal.removeEventListener('abort', abort)
        wants.removeEventListener('block', heard)
      })
      wants.wantSessionBlock(cid, peer, { signal: anySignal([signal, over.signal]) }).catch(reject)
    })
  } finally {
    over.abort()
    questions.end(cid, sender)
  }
}

/** Bitswap, and where it is told whom to ask, that one alone. */
export function askingBroker(bitswap: BlockBroker): BlockBroker {
  const { wantList } = (bitswap as BlockBroker & { bitswap?: { wantList?: WantList } }).bitswap ?? {}
  const questions = wantList === undefined ? undefined : new Questions(wantList)
  const whole = bitswap as Required<BlockBroker> & { start?: () => Promise<void>; stop?: () => Promise<void> }
  return {
    name: bitswap.name,
    retrieve: (cid, options = {}) => {
      const { ask, signal } = options as typeof options & AskOptions
      return ask === undefined || wantList === undefined || questions === undefined
        ? whole.retrieve(cid, options)
        : askOne(wantList, questions, cid, ask, signal ?? new AbortController().signal)
    },
    // Without the signal of the fetch that brought it: once that is over, it would end what is being sent to others,
    // and the library believes of what it was sending when it was ended that it is still on its way.
    announce: cid => whole.announce(cid),
    createSession: options => whole.createSession(options),
    start: () => whole.start?.(),
    stop: () => whole.stop?.()
  } as BlockBroker
}
