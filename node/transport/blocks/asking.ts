import type { BlockBroker } from '@helia/interface'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { base64 } from 'multiformats/bases/base64'
import { equals } from 'multiformats/bytes'
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
}

/** Questions to one peer alone that nobody waits for any more are taken back, or it would send what nobody wants. */
class Questions {
  readonly #wants: WantList
  /** How many wait for the same of the same peer: bounded by whoever reads, and so is what follows from it. */
  readonly #waiting = new Map<string, number>()
  readonly #takenBack = new Map<string, Promise<void>>()

  constructor(wants: WantList) {
    this.#wants = wants
  }

  /** Before it is asked. What is being taken back is on its way first: merged with that the question would be lost. */
  async begin(cid: CID, peer: PeerId, signal: AbortSignal): Promise<void> {
    const name = this.#name(cid, peer)
    this.#waiting.set(name, (this.#waiting.get(name) ?? 0) + 1)
    await unlessAborted(this.#takenBack.get(name) ?? Promise.resolve(), signal)
  }

  end(cid: CID, peer: PeerId, came: boolean): void {
    const name = this.#name(cid, peer)
    const left = (this.#waiting.get(name) ?? 1) - 1
    if (left > 0) {
      this.#waiting.set(name, left)
      return
    }
    this.#waiting.delete(name)
    const { network, peers } = this.#wants
    // Everybody's question stays: it is the same line of the peer's list, and taken back with the list's own.
    if (came || this.#takenBack.has(name) || network === undefined || peers?.has(peer) !== true || this.#wants.has(cid))
      return
    const entry = { cid: cid.bytes, priority: 1, cancel: true }
    const wantlist = new Map([[base64.encode(cid.multihash.bytes), entry]])
    const sent = network
      .sendMessage(peer, { full: false, pendingBytes: 0, wantlist, blocks: new Map(), blockPresences: new Map() })
      .catch(() => undefined) // whoever is gone has forgotten it
      .finally(() => this.#takenBack.delete(name))
    this.#takenBack.set(name, sent)
  }

  #name(cid: CID, peer: PeerId): string {
    return `${peer.toString()}/${base64.encode(cid.multihash.bytes)}`
  }
}

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
  let came = false
  try {
    await questions.begin(cid, peer, signal)
    const block = await new Promise<Uint8Array>((resolve, reject) => {
      const heard = ({ detail }: CustomEvent<Came>): void => {
        if (equals(detail.cid.multihash.bytes, cid.multihash.bytes)) resolve(detail.block)
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
      wants.wantSessionBlock(cid, peer, { signal: AbortSignal.any([signal, over.signal]) }).catch(reject)
    })
    came = true
    return block
  } finally {
    over.abort()
    questions.end(cid, peer, came)
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
