import { signStatement } from '../../../protocol/crypto/index.ts'
import { checkOpening } from '../../../protocol/models/index.ts'
import type { CosignedReceipt, Opening } from '../../../protocol/models/index.ts'
import {
  checkContentRequest,
  contentReply,
  contentRequest,
  isDrawn,
  receiptId
} from '../../../protocol/payouts/index.ts'
import { InvalidError, LimitError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Models } from '../models.ts'
import type { Rounds } from '../rounds/index.ts'
import type { PayoutsDeps } from '../types.ts'

const protocol = '/tilth/payouts/content/1'
/** Scorers that may see one answer: as many as are drawn, twice, since a draw may come to nothing. */
const mostScorers = 6

/**
 * What was asked and answered, from those between whom it is to those who weigh it: over an encrypted stream, one
 * answer at a time, and on no disk but that of client and worker.
 */
export interface Contents {
  start(): void
  stop(): Promise<void>
  /** @throws TilthError of the one who was asked last · NotFoundError `content.nowhere` */
  fetch(receipt: CosignedReceipt): Promise<Opening>
}

export function createContents(
  deps: Pick<PayoutsDeps, 'streams' | 'models' | 'network' | 'key' | 'self' | 'clock' | 'log'>,
  {
    models,
    rounds,
    settled
  }: { models: Pick<Models, 'poolOf'>; rounds: Pick<Rounds, 'recent'>; settled: (id: Hex) => Promise<boolean> }
): Contents {
  const { streams, network, key, self, clock, log } = deps
  let off: (() => Promise<void>) | undefined
  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000))

  async function openingFor(id: Hex, asker: Address): Promise<Opening> {
    const refuse = (code: 'content.settled' | 'content.asker', message: string): never => {
      throw new InvalidError(code, message, { consequence: 'ignore' })
    }
    // [ignore] It is about an answer of this node, as its client or worker, that is still to be settled.
    const receipt = await deps.models.receipt(id)
    if (receipt === undefined) throw new NotFoundError('content.unknown', 'no such receipt is known here')
    if (await settled(id)) refuse('content.settled', 'the receipt is settled: there is nothing left to weigh')
    // [ignore] Only what chance has drawn is shown, and only to who was drawn to weigh it.
    const pool = await models.poolOf(receipt.receipt.message.model)
    const drawn = pool === undefined ? undefined : await rounds.recent(pool)
    const at = drawn?.places.get(id)
    if (drawn === undefined || at === undefined || !isDrawn(drawn.assigned, at, asker))
      refuse('content.asker', 'who asks was not drawn to weigh the answer')
    const opening = await deps.models.opening(id)
    if (opening === undefined) throw new NotFoundError('content.gone', 'what was asked is not kept here any more')
    // [ignore] A few scorers see an answer, not all there are.
    if (!(await deps.models.show(id, asker, mostScorers)))
      throw new LimitError('content.enough', 'enough scorers have seen the answer', { consequence: 'ignore' })
    return opening
  }

  async function serve(stream: MessageStream): Promise<void> {
    const frame = await stream.next(contentRequest)
    if (frame === undefined) return
    const { receipt, asker } = checkContentRequest(frame.statement, {
      network,
      now: now(),
      asker: stream.address,
      self
    })
    await stream.send({ kind: 'content', opening: await openingFor(receipt, asker) })
  }

  async function ask(holder: Address, receipt: CosignedReceipt): Promise<Opening> {
    const stream = await streams.open(holder, protocol)
    try {
      const message = { receipt: receiptId(network, receipt), asker: self, holder, issuedAt: now() }
      await stream.send({ kind: 'request', statement: signStatement(network, 'ContentRequest', message, key) })
      const reply = await stream.next(contentReply)
      if (reply === undefined)
        throw new TilthError('stream.closed', 'the other side has left', { consequence: 'retry' })
      checkOpening(receipt, reply.opening, network)
      await stream.end()
      return reply.opening
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  return {
    start() {
      off = streams.handle(protocol, serve)
    },
    async stop() {
      await off?.()
    },
    async fetch(receipt) {
      let last: unknown
      for (const holder of [receipt.worker, receipt.client]) {
        try {
          return await ask(holder, receipt)
        } catch (error) {
          if (!(error instanceof TilthError)) throw error
          log.debug('an answer was not to be seen', { holder, code: error.code })
          last = error
        }
      }
      throw new NotFoundError('content.nowhere', 'neither worker nor client gives the answer to be weighed', {
        cause: last,
        consequence: 'retry'
      })
    }
  }
}
