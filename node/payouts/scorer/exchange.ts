import { scoringsPage, scoringsRequest } from '../../../protocol/payouts/index.ts'
import type { ScoringDocument } from '../../../protocol/payouts/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { peersAtOnce } from '../limits.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Scorings } from './scorings.ts'

const protocol = '/tilth/payouts/scorings/1'
/** Receipts that one request asks about, and scorings in one answer. */
const asked = 256
const page = 64

/** Scorings that gossip did not bring: a settler names receipts, peers send what they know of them. */
export interface ScoringsExchange {
  start(): void
  stop(): Promise<void>
  /** Asks every connected peer for what others have not brought meanwhile. */
  collect(receipts: readonly Hex[], lacks: (receipt: Hex) => Promise<boolean>): Promise<void>
}

/** @param heard called for each scoring that was new */
export function createScoringsExchange(
  { streams, peers, log }: Pick<PayoutsDeps, 'streams' | 'peers' | 'log'>,
  scorings: Pick<Scorings, 'of' | 'take'>,
  heard: (scoring: ScoringDocument) => void
): ScoringsExchange {
  let off: (() => Promise<void>) | undefined

  async function ask(peer: string, receipts: readonly Hex[]): Promise<void> {
    const stream = await streams.open(peer, protocol)
    await stream.send({ kind: 'request', receipts })
    await stream.end()
    for await (const frame of stream.receive(scoringsPage)) {
      for (const scoring of frame.scorings) {
        // One that does not count costs its sender nothing here (its chain may be behind, or ours), but is not kept.
        try {
          if (await scorings.take(scoring)) heard(scoring)
        } catch (error) {
          if (!(error instanceof TilthError)) throw error
          log.debug('a scoring was not taken', { peer, code: error.code })
        }
      }
    }
  }

  return {
    start() {
      off = streams.handle(protocol, async stream => {
        const request = await stream.next(scoringsRequest)
        if (request === undefined) return
        let found: ScoringDocument[] = []
        for (const receipt of new Set(request.receipts)) {
          found.push(...(await scorings.of(receipt)))
          if (found.length < page) continue
          await stream.send({ kind: 'scorings', scorings: found.slice(0, page) })
          found = found.slice(page)
        }
        if (found.length > 0) await stream.send({ kind: 'scorings', scorings: found })
      })
    },
    async stop() {
      await off?.()
    },
    async collect(receipts, lacks) {
      const queue = peers.connected()
      await Promise.all(
        Array.from({ length: peersAtOnce }, async () => {
          for (let peer = queue.pop(); peer !== undefined; peer = queue.pop()) {
            try {
              for (let at = 0; at < receipts.length; at += asked) {
                const wanted: Hex[] = []
                for (const id of receipts.slice(at, at + asked)) if (await lacks(id)) wanted.push(id)
                if (wanted.length > 0) await ask(peer.peerId, wanted)
              }
            } catch (error) {
              if (!(error instanceof TilthError)) throw error
              log.debug('a peer gave no scorings', { peer: peer.peerId, code: error.code })
            }
          }
        })
      )
    }
  }
}
