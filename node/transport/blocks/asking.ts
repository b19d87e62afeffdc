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
  /** Peers that are connected and speak bitswap. */
  readonly peers?: { has(peer: PeerId): boolean }
  /** Whether everybody is asked for it. */
  has(cid: CID): boolean
  wantSessionBlock(cid: CID, peer: PeerId, options: { signal: AbortSignal }): Promise<unknown>
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

/** Questions to one peer alone that nobody waits for any more are taken back, or it would send what nobody wants. */
class Questions {
  readonly #wants: WantList
  /** By block: those that are waited for, and that were a moment ago. Bounded by whoever reads. */
  readonly #asked = new Map<string, Asked>()
  /** By peer and block, while it is told. */
  readonly #takenBack = new Map<string, Promise<void>>()

  constructor(wants: WantList) {
    this.#wants = wants
  }

  /** Before it is asked. What is being taken back is on its way first: merged with that the question would be lost. */
  async begin(cid: CID, peer: PeerId, signal: AbortSignal): Promise<void> {
    const name = nameOf(cid)
    const asked = this.#asked.get(name) ?? { peers: new Map<string, PeerId>(), waiting: 0 }
    this.#asked.set(name, asked)
    clearTimeout(asked.timer)
    asked.waiting++
    asked.peers.set(peer.toString(), peer)
    await unlessAborted(this.#takenBack.get(`${peer.toString()}/${name}`) ?? Promise.resolve(), signal)
  }

  /** @param sender who has sent it, if anybody has */
  end(cid: CID, sender: PeerId | undefined): void {
    const asked = this.#asked.get(nameOf(cid))
    if (asked === undefined) return
    if (sender !== undefined) asked.peers.delete(sender.toString())
    if (--asked.waiting > 0) return
    clearTimeout(asked.timer)
    asked.timer = setTimeout(() => {
      this.#takeBack(cid, asked)
    }, pauseMs)
    asked.timer.unref()
  }

  #takeBack(cid: CID, { peers: all }: Asked): void {
    const name = nameOf(cid)
    this.#asked.delete(name)
    const { network, peers } = this.#wants
    // Everybody's question stays: it is the same line of a peer's list, and the library's to take back.
    if (network === undefined || this.#wants.has(cid)) return
    for (const [text, peer] of all) {
      if (peers?.has(peer) !== true) continue
      const wantlist = new Map([[name, { cid: cid.bytes, priority: 1, cancel: true }]])
      const told = network
        .sendMessage(peer, { full: false, pendingBytes: 0, wantlist, blocks: new Map(), blockPresences: new Map() })
        .catch(() => undefined) // whoever is gone has forgotten it
        .finally(() => {
          if (this.#takenBack.get(`${text}/${name}`) === told) this.#takenBack.delete(`${text}/${name}`)
        })
      this.#takenBack.set(`${text}/${name}`, told)
    }
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
    await questions.begin(cid, peer, signal)
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
