import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { bundlePage, bundleRequest } from '../../protocol/payouts/index.ts'
import type { Book } from './book.ts'
import { maxReceiptsAsked, pageReceipts, peersAtOnce } from './limits.ts'
import type { PayoutsDeps } from './types.ts'

const protocol = '/tilth/payouts/bundle/1'

/** Receipts that gossip did not bring: a settler names what it has, a peer sends the rest. */
export interface Exchange {
  start(): void
  stop(): Promise<void>
  /** Asks every connected peer. @returns how many receipts were new */
  collect(pool: Hex, signal?: AbortSignal): Promise<number>
}

export function createExchange(
  { streams, peers, log }: Pick<PayoutsDeps, 'streams' | 'peers' | 'log'>,
  book: Book
): Exchange {
  let off: (() => Promise<void>) | undefined

  async function ask(peer: string, pool: Hex, signal?: AbortSignal): Promise<number> {
    const stream = await streams.open(peer, protocol, signal === undefined ? {} : { signal })
    const have = [...book.entries()]
      .filter(entry => entry.pool === pool)
      .slice(-maxReceiptsAsked)
      .map(({ id }) => id)
    await stream.send({ kind: 'request', pool, have })
    await stream.end()
    let fresh = 0
    let seen = 0
    for await (const page of stream.receive(bundlePage)) {
      for (const receipt of page.receipts) {
        // One that is not sound costs its sender nothing here (it may have been deceived as well), but is not kept.
        try {
          if ((await book.take(receipt, 'sync')).fresh) fresh++
        } catch (error) {
          if (!(error instanceof TilthError)) throw error
          log.debug('a receipt was not taken', { peer, code: error.code })
        }
      }
      seen += page.receipts.length
      if (seen > maxReceiptsAsked) break
    }
    return fresh
  }

  return {
    start() {
      off = streams.handle(protocol, async stream => {
        const request = await stream.next(bundleRequest)
        if (request === undefined) return
        const have = new Set(request.have)
        const missing = [...book.entries()]
          .filter(({ pool, id }) => pool === request.pool && !have.has(id))
          .slice(0, maxReceiptsAsked)
        for (let at = 0; at < missing.length; at += pageReceipts) {
          await stream.send({
            kind: 'receipts',
            receipts: missing.slice(at, at + pageReceipts).map(({ receipt }) => receipt)
          })
        }
      })
    },
    async stop() {
      await off?.()
    },
    async collect(pool, signal) {
      const queue = peers.connected()
      let fresh = 0
      await Promise.all(
        Array.from({ length: peersAtOnce }, async () => {
          for (let peer = queue.pop(); peer !== undefined; peer = queue.pop()) {
            try {
              fresh += await ask(peer.peerId, pool, signal)
            } catch (error) {
              if (!(error instanceof TilthError)) throw error
              log.debug('a peer gave no receipts', { peer: peer.peerId, code: error.code })
            }
          }
        })
      )
      return fresh
    }
  }
}
