import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import { receiptId, receiptsReply, receiptsRequest } from '../../../../protocol/payouts/index.ts'
import type { ReceiptsReply, ReceiptsRequest } from '../../../../protocol/payouts/index.ts'
import { TilthError } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { createCache } from '../../../runtime/index.ts'
import type { PayoutsDeps } from '../../types.ts'
import type { Intake, Taken } from '../intake.ts'
import type { ReceiptStore } from '../types.ts'
import { pull } from './pull.ts'
import type { Own } from './pull.ts'
import { answer } from './serve.ts'
import type { Tree } from './tree.ts'

const protocol = '/tilth/payouts/receipts/1'
/** Peers that are asked at the same time. */
const peersAtOnce = 4
/**
 * What a peer gave and was not taken is not fetched from it again for so long: the chain here may have been behind. Of
 * so many, by peer and id, those longest ago are forgotten first.
 */
const refusedMs = 10_000
const maxRefused = 50_000

/** Receipts that gossip did not bring: peers compare what waits for a pool's next epoch, and fetch what differs. */
export interface Exchange {
  start(): void
  stop(): Promise<void>
  /** Compares with every connected peer. @returns how many receipts were new */
  collect(pool: Hex, signal?: AbortSignal): Promise<number>
}

/**
 * @param heard `behind` is called when a peer stands at a later epoch of a pool; `caughtUp` resolves once what has come
 * here is among the receipts, so that who compares sees it, and fails where it cannot be
 */
export function createExchange(
  { streams, peers, log, network, clock }: Pick<PayoutsDeps, 'streams' | 'peers' | 'log' | 'network' | 'clock'>,
  { receipts, intake, tree }: { receipts: Pick<ReceiptStore, 'has' | 'get' | 'pool'>; intake: Intake; tree: Tree },
  heard: {
    receipt(receipt: CosignedReceipt, taken: Taken): void
    behind(pool: Hex): void
    caughtUp?(): Promise<void>
  }
): Exchange {
  /** By peer and id. */
  const refused = createCache<string, true>({ max: maxRefused, forMs: refusedMs, clock })
  let off: (() => Promise<void>) | undefined
  const epochOf = async (pool: Hex): Promise<number> => (await receipts.pool(pool)).epoch

  const ownFor = (peer: string): Own => ({
    tree,
    known: async (id: Hex): Promise<boolean> => refused.get(`${peer}/${id}`) === true || (await receipts.has(id)),
    idOf: (receipt: CosignedReceipt): Hex => receiptId(network, receipt),
    async take(receipt: CosignedReceipt): Promise<boolean> {
      const taken = await intake.take(receipt)
      heard.receipt(receipt, taken)
      return taken.fresh
    },
    refused(id: Hex, error: TilthError): void {
      log.debug('a receipt was not taken', { receipt: id, code: error.code })
      refused.set(`${peer}/${id}`, true)
    }
  })

  async function compare(peer: string, pool: Hex, signal?: AbortSignal): Promise<number> {
    const options = signal === undefined ? {} : { signal }
    const stream = await streams.open(peer, protocol, options)
    try {
      const ask = async (request: ReceiptsRequest): Promise<ReceiptsReply> => {
        await stream.send(request)
        const reply = await stream.next(receiptsReply, options)
        if (reply === undefined) throw new TilthError('exchange.ended', 'the peer has ended the comparison')
        return reply
      }
      const epoch = await epochOf(pool)
      const { fresh, other } = await pull(pool, epoch, ownFor(peer), ask)
      if (other !== undefined && other > epoch) heard.behind(pool)
      await stream.end()
      return fresh
    } catch (error) {
      await stream.blame(error)
      throw error
    }
  }

  return {
    start() {
      const served = {
        tree,
        epochOf,
        async receipt(pool: Hex, id: Hex): Promise<CosignedReceipt | undefined> {
          const entry = await receipts.get(id)
          return entry?.pool === pool ? entry.receipt : undefined
        }
      }
      off = streams.handle(protocol, async stream => {
        for await (const request of stream.receive(receiptsRequest)) {
          // What cannot be taken here is no reason why others should not compare with what is.
          await heard
            .caughtUp?.()
            .catch((error: unknown) => log.debug('a peer compares without what came here last', { error }))
          await stream.send(await answer(request, served))
        }
      })
    },
    async stop() {
      await off?.()
    },
    async collect(pool, signal) {
      await heard.caughtUp?.()
      const queue = peers.connected()
      let fresh = 0
      await Promise.all(
        Array.from({ length: peersAtOnce }, async () => {
          for (let peer = queue.pop(); peer !== undefined; peer = queue.pop()) {
            try {
              fresh += await compare(peer.peerId, pool, signal)
            } catch (error) {
              if (!(error instanceof TilthError)) throw error
              log.debug('a comparison of receipts ended early', { peer: peer.peerId, code: error.code })
            }
          }
        })
      )
      return fresh
    }
  }
}
