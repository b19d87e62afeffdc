import { closedWith, closing } from '../../../protocol/models/index.ts'
import { workerFrame } from '../../../protocol/models/index.ts'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Parts } from '../deps.ts'
import type { Purse, Wallet } from './wallet.ts'

export interface ChannelKeeper {
  start(): void
  stop(): void
  /** Signs what workers have waiting for this client: receipts of answers that were cut off. @returns how many */
  reconcile(signal: AbortSignal): Promise<number>
}

/**
 * Looks after the client's channels between asks: closes those that are no use any more, and gets back what is left.
 */
export function createChannelKeeper({ chain, clock, timing, streams, log }: Parts, wallet: Wallet): ChannelKeeper {
  let off: (() => void) | undefined

  async function look(purse: Purse, chainNow: bigint): Promise<void> {
    const { channel, expiry } = purse.record
    if (channel.state === 'disputed') {
      const onChain = await chain.channels.channel(purse.id)
      if (onChain === undefined || onChain.closed) return
      if (onChain.closesAt === 0n) await chain.channels.startClose(purse.id)
      const closesAt = (await chain.channels.channel(purse.id))?.closesAt ?? 0n
      await wallet.update(purse, state => (state.state === 'disputed' ? closing(state, closesAt) : state))
    } else if (
      channel.state !== 'closed' &&
      (expiry <= chainNow || (channel.state === 'closing' && channel.closesAt !== 0n && channel.closesAt <= chainNow))
    ) {
      const { refunded } = await chain.channels.finishClose(purse.id)
      await wallet.update(purse, state => (state.state === 'closed' ? state : closedWith(state, refunded)))
    }
  }

  /** Requests that have ended here, and of which the worker has not said yet that there is nothing more to sign. */
  const unsettled = ({ asks }: Purse): Hex[] =>
    [...asks.values()].filter(({ live, record }) => !live && !record.over).map(({ id }) => id)

  async function reconcileOne(purse: Purse, signal: AbortSignal): Promise<number> {
    const left = unsettled(purse).slice(-256)
    const stream = await streams.open(purse.record.worker, '/tilth/models/infer/1', { signal })
    try {
      await stream.send({ kind: 'reconcile', channel: purse.id, voucher: wallet.voucher(purse), left })
      for (let count = 0; ;) {
        const frame = await stream.next(workerFrame, { timeoutMs: timing.receiptMs, signal })
        if (frame === undefined) throw new TilthError('stream.closed', 'the worker has left', { consequence: 'retry' })
        if (frame.kind === 'done') {
          await wallet.nothingLeft(purse, new Set(left))
          await stream.end()
          return count
        }
        if (frame.kind !== 'pending') throw new InvalidError('frame.unexpected', `a ${frame.kind} was not expected now`)
        const { signature, voucher } = await wallet.countersign(purse, frame)
        await stream.send({ kind: 'countersign', signature, voucher })
        count++
      }
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  return {
    start() {
      off = clock.every(
        timing.redeemMs,
        async () => {
          let timestamp: bigint | undefined
          for await (const purse of wallet.open()) {
            timestamp ??= (await chain.head()).timestamp
            await look(purse, timestamp)
          }
        },
        error => {
          log.warn('a channel could not be closed', { error })
        }
      )
    },
    stop() {
      off?.()
    },
    async reconcile(signal) {
      let count = 0
      for await (const purse of wallet.open()) {
        if (unsettled(purse).length === 0 || purse.record.channel.state !== 'open') continue
        try {
          count += await reconcileOne(purse, signal)
        } catch (error) {
          log.info('a worker could not be asked for what it has to sign', { worker: purse.record.worker, error })
        }
      }
      return count
    }
  }
}
