import { signStatement } from '../../../protocol/crypto/index.ts'
import {
  checkContentRequest,
  checkExplanation,
  explainReply,
  explainRequest,
  receiptId
} from '../../../protocol/payouts/index.ts'
import type { Attribution } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { InvalidError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createCache, createQueue } from '../../runtime/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Weigher } from './weigher.ts'

const protocol = '/tilth/payouts/explain/1'
/** Explanations kept, so that asking again costs nothing. */
const mostKept = 256
/** Clients that wait while one answer is weighed. */
const mostWaiting = 8
/** How long a client waits for its worker to weigh: it may have to fetch the siblings first. */
const patienceMs = 110_000

/**
 * What an answer owes to whom, for the client that asked, right after it: by the worker alone, who has everything at
 * hand. It pays nobody and is told to nobody else; what counts is what scorers find.
 */
export interface Explaining {
  start(): void
  stop(): Promise<void>
  /**
   * Client: asks the worker of a receipt.
   * @throws NotFoundError `explain.unknown`, `explain.unweighed` (a model without siblings) · PeerError · LimitError
   */
  explain(id: Hex): Promise<{ receipt: CosignedReceipt; attribution: Attribution }>
}

export function createExplaining(
  deps: Pick<PayoutsDeps, 'streams' | 'models' | 'network' | 'key' | 'self' | 'clock'>,
  weigher: Weigher
): Explaining {
  const { streams, models, network, key, self, clock } = deps
  const kept = createCache<Hex, Attribution>({ max: mostKept })
  const weighing = createQueue({ name: 'explanations', bound: mostWaiting })
  let off: (() => Promise<void>) | undefined
  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000))

  async function weigh(id: Hex, { receipt }: CosignedReceipt): Promise<Attribution> {
    const known = kept.get(id)
    if (known !== undefined) return known
    const opening = await models.opening(id)
    if (opening === undefined) throw new NotFoundError('explain.gone', 'what was asked is not kept here any more')
    const attribution = await weigher.attribute({
      model: receipt.message.model,
      content: opening.content,
      answer: opening.answer,
      unofficial: true
    })
    if (attribution === null) throw new NotFoundError('explain.unweighed', 'the model has no siblings to weigh by')
    kept.set(id, attribution)
    return attribution
  }

  async function serve(stream: MessageStream): Promise<void> {
    const frame = await stream.next(explainRequest)
    if (frame === undefined) return
    const { receipt: id, asker } = checkContentRequest(frame.statement, {
      network,
      now: now(),
      asker: stream.address,
      self
    })
    const receipt = await models.receipt(id)
    // [ignore] It is about an answer that this worker gave. [reject] It comes from the client who asked for it.
    if (receipt === undefined || receipt.worker !== self)
      throw new NotFoundError('explain.unknown', 'this node gave no such answer')
    if (receipt.client !== asker) throw new InvalidError('explain.client', "the answer is another client's")
    const attribution = await weighing.run(id, () => weigh(id, receipt))
    await stream.send({ kind: 'explanation', attribution })
  }

  return {
    start() {
      off = streams.handle(protocol, serve)
    },
    async stop() {
      await off?.()
      await weighing.idle()
    },
    async explain(id) {
      const receipt = await models.receipt(id)
      if (receipt === undefined || receipt.client !== self)
        throw new NotFoundError('explain.unknown', `this node has not asked for what receipt ${id} is about`)
      const holder = receipt.worker
      const stream = await streams.open(holder, protocol)
      try {
        const message = { receipt: receiptId(network, receipt), asker: self, holder, issuedAt: now() }
        await stream.send({ kind: 'request', statement: signStatement(network, 'ExplainRequest', message, key) })
        const reply = await stream.next(explainReply, { timeoutMs: patienceMs })
        if (reply === undefined)
          throw new TilthError('stream.closed', 'the other side has left', { consequence: 'retry' })
        checkExplanation(reply.attribution, receipt)
        await stream.end()
        return { receipt, attribution: reply.attribution }
      } catch (error) {
        await stream.fail(error)
        throw error
      }
    }
  }
}
