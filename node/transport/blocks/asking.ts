import type { BlockBroker } from '@helia/interface'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { equals } from 'multiformats/bytes'
import { abortReason } from '../../runtime/index.ts'

/** Who is asked for a block, and nobody else is. */
export interface AskOptions {
  readonly ask?: PeerId
}

/** The part of bitswap's list of wants that is used here; its types keep it from us. */
interface WantList {
  wantSessionBlock(cid: CID, peer: PeerId, options: { signal: AbortSignal }): Promise<unknown>
  addEventListener(event: 'block', listener: (event: CustomEvent<Came>) => void): void
  removeEventListener(event: 'block', listener: (event: CustomEvent<Came>) => void): void
}
interface Came {
  readonly cid: CID
  readonly block: Uint8Array
}

/**
 * A block from one peer that has it, or will: who is asked for what it has not yet sends it as soon as it comes. So one
 * that fetches the same serves those who asked it. (Bitswap's own sessions take "not yet" for an answer, and ask
 * others.)
 * @throws whatever keeps the question from being sent; the signal's reason
 */
async function askOne(wants: WantList, cid: CID, peer: PeerId, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted()
  const over = new AbortController()
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
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
  } finally {
    over.abort()
  }
}

/** Bitswap, and where it is told whom to ask, that one alone. */
export function askingBroker(bitswap: BlockBroker): BlockBroker {
  const { wantList } = (bitswap as BlockBroker & { bitswap?: { wantList?: WantList } }).bitswap ?? {}
  const whole = bitswap as Required<BlockBroker> & { start?: () => Promise<void>; stop?: () => Promise<void> }
  return {
    name: bitswap.name,
    retrieve: (cid, options = {}) => {
      const { ask, signal } = options as typeof options & AskOptions
      return ask === undefined || wantList === undefined
        ? whole.retrieve(cid, options)
        : askOne(wantList, cid, ask, signal ?? new AbortController().signal)
    },
    // Without the signal of the fetch that brought it: once that is over, it would end what is being sent to others,
    // and the library believes of what it was sending when it was ended that it is still on its way.
    announce: cid => whole.announce(cid),
    createSession: options => whole.createSession(options),
    start: () => whole.start?.(),
    stop: () => whole.stop?.()
  } as BlockBroker
}
