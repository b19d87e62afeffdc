import { workerFrame } from '../../../protocol/models/index.ts'
import { InvalidError, TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { AskingParts } from '../deps.ts'
import type { ClientSigning, Told } from './signing.ts'
import type { Purse } from './purse.ts'
import type { Wallet } from './wallet.ts'

/** A question does not wait longer for a worker that knows nothing of this, or says nothing. */
const recallMs = 3_000
/** Requests that one worker may name at once. */
const mostAsked = 64

/** Both sides of a channel tell each other what one of them may have forgotten, as an older copy was restored. */
export interface Recalling {
  /**
   * Before a channel is used first in this process, and where a receipt did not follow from what is known. Never
   * throws. @returns whether this node had forgotten anything
   */
  ask(purse: Purse, signal: AbortSignal): Promise<boolean>
  /** As ClientSigning's; a receipt that says more than this node knows of is looked at once more after that. */
  countersign(
    purse: Purse,
    frame: Parameters<ClientSigning['countersign']>[1],
    signal: AbortSignal
  ): ReturnType<ClientSigning['countersign']>
}

export function createRecalling({ streams, log }: Pick<AskingParts, 'streams' | 'log'>, wallet: Wallet): Recalling {
  async function told(stream: MessageStream, signal: AbortSignal): Promise<Told & { readonly sequence: bigint }> {
    const asked: Told['asked'][number][] = []
    for (;;) {
      const frame = await stream.next(workerFrame, { timeoutMs: recallMs, signal })
      if (frame === undefined) throw new TilthError('stream.closed', 'the worker has left', { consequence: 'retry' })
      if (frame.kind === 'recalled') return { ...frame, asked }
      if (frame.kind !== 'asked' || asked.length >= mostAsked)
        throw new InvalidError('frame.unexpected', `a ${frame.kind} was not expected now`)
      asked.push(frame)
    }
  }

  async function over(stream: MessageStream, purse: Purse, signal: AbortSignal): Promise<boolean> {
    const say = async (receipts: readonly CosignedReceipt[]): Promise<void> => {
      const { sequence } = purse.record.channel
      await stream.send({ kind: 'recall', channel: purse.id, sequence, receipts, voucher: wallet.voucher(purse) })
    }
    await say([])
    const first = await told(stream, signal)
    const wasBehind = await wallet.recall(purse, first)
    if (first.sequence < purse.record.channel.sequence) {
      // Then it is the worker that has forgotten: here is what it has signed.
      await say(await wallet.receiptsAfter(purse, first.sequence))
      await told(stream, signal)
    }
    return wasBehind
  }

  /** Two questions over one channel wait for the same. */
  const asking = new WeakMap<Purse, Promise<boolean>>()
  function ask(purse: Purse, signal: AbortSignal): Promise<boolean> {
    const running = asking.get(purse)
    if (running !== undefined) return running
    if (purse.recalled) return Promise.resolve(false)
    purse.recalled = true
    const next = askNow(purse, signal).finally(() => asking.delete(purse))
    asking.set(purse, next)
    return next
  }

  async function askNow(purse: Purse, signal: AbortSignal): Promise<boolean> {
    const until = anySignal([signal, AbortSignal.timeout(recallMs)])
    try {
      const stream = await streams.open(purse.record.worker, '/tilth/models/infer/1', { signal: until })
      try {
        const wasBehind = await over(stream, purse, until)
        await stream.end()
        if (wasBehind) log.warn('a channel goes on from what its worker knew of it', { channel: purse.id })
        return wasBehind
      } catch (error) {
        await stream.fail(error)
        throw error
      }
    } catch (error) {
      log.debug('a worker could not be asked what it knows of a channel', { channel: purse.id, error })
      return false
    }
  }

  return {
    ask,
    async countersign(purse, frame, signal) {
      try {
        return await wallet.countersign(purse, frame)
      } catch (error) {
        const isNews =
          error instanceof InvalidError && (error.code === 'receipt.chain' || error.code === 'receipt.unknown')
        if (!isNews) throw error
        // What this node has signed itself is proof enough; without it the worker has made it up.
        purse.recalled = false
        if (!(await ask(purse, signal))) throw error
        return await wallet.countersign(purse, frame)
      }
    }
  }
}
