import { claimedUp, closedWith, closing } from '../../../protocol/models/index.ts'
import { workerFrame } from '../../../protocol/models/index.ts'
import { InvalidError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { AskingParts } from '../deps.ts'
import type { Recalling } from './recalling.ts'
import type { Purse } from './purse.ts'
import type { Wallet } from './wallet.ts'

export interface ChannelKeeper {
  start(): void
  stop(): void
  /** Signs what workers have waiting for this client: receipts of answers that were cut off. @returns how many */
  reconcile(signal: AbortSignal): Promise<number>
  /** The next step of closing one by hand; null where there is nothing to do but wait. @throws as `closeChannel` */
  close(id: Hex): Promise<Hex | null>
}

/** How long a worker is waited for that may have receipts to sign before its channel is closed. */
const lastReceiptsMs = 10_000

const closed = (): InvalidError =>
  new InvalidError('close.over', 'that channel is closed, and what was left of it is back', {
    help: 'See `tilth wallet balance`.'
  })

/**
 * Looks after the client's channels between asks: closes those that are no use any more, and gets back what is left.
 */
export function createChannelKeeper(parts: AskingParts, wallet: Wallet, recalling: Recalling): ChannelKeeper {
  const { chain, clock, timing, streams, log } = parts
  let off: (() => void) | undefined

  /**
   * The time that the chain's next block will have, about: where nothing happens there are no blocks, and the last one
   * may be long ago. Too early a try costs nothing, see `finish`.
   */
  async function chainNow(): Promise<bigint> {
    const [{ timestamp }, here] = [await chain.head(), parts.now()]
    return timestamp > here ? timestamp : here
  }

  /**
   * What is to end, by what is known here, is brought one step on by what the chain has of it: it may have taken back
   * what was noted, and a light peer hears no news of it.
   */
  async function look(purse: Purse, now: bigint): Promise<void> {
    const { channel, expiry } = purse.record
    if (channel.state === 'closed') return
    const isDue = expiry <= now || (channel.state === 'closing' && channel.closesAt <= now)
    if (channel.state !== 'disputed' && !isDue) return
    const onChain = await chain.channels.channel(purse.id)
    if (onChain === undefined) {
      // Its opening was taken back, and comes too late by now to be made again: it never held anything.
      if (expiry <= (await chain.head()).timestamp)
        await wallet.update(purse, state => closedWith({ ...state, deposit: 0n, claimed: 0n }, 0n))
    } else if (onChain.closed) {
      const { claimed, deposit } = onChain
      await wallet.update(purse, state => closedWith(claimedUp(state, claimed), deposit - claimed))
    } else if (endOf(onChain) <= now) await finish(purse.id, purse)
    else await startClose(purse, onChain.closesAt)
  }

  /** When a channel may be closed for good. */
  const endOf = ({ closesAt, expiry }: { closesAt: bigint; expiry: bigint }): bigint =>
    closesAt !== 0n && closesAt < expiry ? closesAt : expiry

  /** @param since when the chain closes it, where it was asked to already @returns the transaction that asks for it */
  async function startClose(purse: Purse, since = 0n): Promise<Hex | null> {
    const asked = since === 0n ? await chain.channels.startClose(purse.id) : undefined
    const closesAt = asked?.closesAt ?? since
    await wallet.update(purse, state => (state.state === 'closed' ? state : closing(state, closesAt)))
    return asked?.transaction ?? null
  }

  /** @returns null where the chain's clock says that it is too early */
  async function finish(id: Hex, purse: Purse | undefined): Promise<Hex | null> {
    const done = await chain.channels.finishClose(id).catch((error: unknown) => {
      if (refusedWith(error, 'NotYet')) return undefined
      throw error
    })
    if (done === undefined) return null
    const { refunded, transaction } = done
    if (purse !== undefined) await wallet.update(purse, state => closedWith(state, refunded))
    return transaction
  }

  /** What came over it is signed for first, as far as its worker is there: else that would be lost to the worker. */
  async function askToClose(purse: Purse): Promise<Hex | null> {
    purse.spent = true // nothing is asked over it from now on
    try {
      if (isLeft(purse) && purse.record.channel.state === 'open')
        await reconcileOne(purse, AbortSignal.timeout(lastReceiptsMs)).catch((error: unknown) => {
          log.info('a channel is closed with answers that are not signed for', { channel: purse.id, error })
        })
      return await startClose(purse)
    } catch (error) {
      purse.spent = false
      throw error
    }
  }

  /** Requests that have ended here, and of which the worker has not said yet that there is nothing more to sign. */
  const unsettled = ({ asks }: Purse): Hex[] =>
    [...asks.values()].filter(({ live, record }) => !live && !record.over).map(({ id }) => id)

  /** Whether its worker may wait for a signature: for one of those, or for one that was lost on its way. */
  const isLeft = (purse: Purse): boolean =>
    purse.record.channel.sequence > purse.record.handed || unsettled(purse).length > 0

  async function reconcileOne(purse: Purse, signal: AbortSignal): Promise<number> {
    await recalling.ask(purse, signal)
    const left = unsettled(purse).slice(-256)
    let signed = purse.record.channel.sequence
    const stream = await streams.open(purse.record.worker, '/tilth/models/infer/1', { signal })
    try {
      await stream.send({ kind: 'reconcile', channel: purse.id, voucher: wallet.voucher(purse), left })
      for (let count = 0; ;) {
        const frame = await stream.next(workerFrame, { timeoutMs: timing.receiptMs, signal })
        if (frame === undefined) throw new TilthError('stream.closed', 'the worker has left', { consequence: 'retry' })
        if (frame.kind === 'done') {
          await wallet.nothingLeft(purse, new Set(left))
          await wallet.handed(purse, signed)
          await stream.end()
          return count
        }
        if (frame.kind !== 'pending') throw new InvalidError('frame.unexpected', `a ${frame.kind} was not expected now`)
        const { signature, voucher } = await recalling.countersign(purse, frame, signal)
        await stream.send({ kind: 'countersign', signature, voucher })
        const { sequence } = frame.receipt.message
        if (sequence > signed) signed = sequence
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
          let now: bigint | undefined
          for await (const purse of wallet.open()) {
            now ??= await chainNow()
            await look(purse, now).catch((error: unknown) => {
              log.warn('a channel could not be closed', { channel: purse.id, error })
            })
          }
        },
        error => {
          log.warn('channels could not be looked through', { error })
        }
      )
    },
    stop() {
      off?.()
    },
    async close(id) {
      const [purse, onChain] = [await wallet.find(id), await chain.channels.channel(id)]
      // One that is no more known here is not paid by again, but what it holds comes back.
      if (purse === undefined && onChain?.client !== parts.self)
        throw new NotFoundError('close.unknown', `this node pays by no channel ${id}`, {
          help: 'See `tilth channel list`.'
        })
      if (purse?.record.channel.state === 'closed' || onChain?.closed === true) throw closed()
      if ([...(purse?.asks.values() ?? [])].some(({ live }) => live))
        throw new InvalidError('close.busy', 'an answer is coming over that channel', {
          help: 'Try again when it is there.'
        })
      const { closesAt = 0n, expiry = purse?.record.expiry ?? 0n } = onChain ?? {}
      if ((await chainNow()) >= endOf({ closesAt, expiry }))
        return finish(id, purse).catch(async (error: unknown) => {
          // The look at open channels was quicker, and is mined first.
          if ((await chain.channels.channel(id))?.closed === true) throw closed()
          throw error
        })
      if (closesAt !== 0n) return null
      return purse === undefined ? (await chain.channels.startClose(id)).transaction : askToClose(purse)
    },
    async reconcile(signal) {
      let count = 0
      for await (const purse of wallet.open()) {
        if (!isLeft(purse) || purse.record.channel.state !== 'open') continue
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
