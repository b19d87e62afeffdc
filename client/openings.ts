import { z } from 'zod'
import { closedWith, deposited, relied } from '../protocol/models/index.ts'
import { amount } from '../protocol/primitives/index.ts'
import type { Purse } from '../node/models/client/purse.ts'
import type { Wallet } from '../node/models/client/wallet.ts'
import type { Log } from '../node/runtime/types.ts'
import { sequenceKey } from '../node/store/keys.ts'
import type { Store } from '../node/store/types.ts'
import type { LightChain } from './chain.ts'

// A light peer follows no chain: what became of its channels is looked up when it starts. A channel that the chain
// opened while this peer was killed is found by the block that was noted before.

/** Where to begin to look for a channel that is being opened; and notes kept, of which the oldest are long done. */
const openForm = z.strictObject({ from: amount })
const mostNotes = 64
/**
 * A transaction is mined within so many blocks, or not at all, so a note stands until the chain is further than that;
 * public RPCs give logs of no more at once.
 */
const blocksLooked = 5_000n

export interface Openings {
  readonly channels: LightChain['channels']
  /** Takes up what happened while nobody was here, as far as the chain tells it. */
  catchUp(wallet: Wallet): Promise<void>
}

/** The chain's channels, with a note on disk before one is opened. */
export function withNotes(
  chain: Pick<LightChain, 'channels' | 'head' | 'openedWithin'>,
  store: Pick<Store, 'collection'>,
  log: Log
): Openings {
  const notes = store.collection('client/opening', openForm)
  const { channels } = chain

  /** [reject] What the chain says of a channel counts over what was thought of it. */
  async function look(wallet: Wallet, purse: Purse): Promise<void> {
    const onChain = await channels.channel(purse.id)
    if (onChain === undefined) {
      // Of a chain that was started afresh, or an RPC that is behind: it is not used until it is there.
      purse.spent = true
      return
    }
    const { deposit, claimed, closed } = onChain
    await wallet.update(purse, state => {
      if (state.state === 'closed') return state
      if (closed) return closedWith(state, deposit - claimed)
      // Only the client pays in, so a view that is behind takes nothing back.
      const grown = state.state === 'open' ? deposited(state, deposit) : state
      return relied(grown, { ...onChain, deposit: grown.deposit })
    })
  }

  return {
    channels: {
      ...channels,
      async open(request) {
        const { block } = await chain.head()
        await notes.put(sequenceKey(block), { from: block })
        let left = mostNotes
        for await (const key of notes.keys({ reverse: true })) if (--left < 0) await notes.delete(key)
        return channels.open(request)
      }
    },
    async catchUp(wallet) {
      const { block: head } = await chain.head()
      let looked = -1n // up to there, by an earlier note
      for await (const [key, { from }] of notes.entries())
        try {
          const [begin, end] = [from > looked ? from : looked + 1n, from + blocksLooked]
          for (const id of begin > head ? [] : await chain.openedWithin(begin, end)) {
            const onChain = (await wallet.find(id)) === undefined ? await channels.channel(id) : undefined
            // Nothing was signed on it: its record comes before the first voucher.
            if (onChain?.closed === false) await wallet.adopt(onChain)
          }
          looked = end
          // Until then its transaction may still wait to be mined.
          if (head > end) await notes.delete(key)
        } catch (error) {
          log.warn('channels that may have been opened could not be looked for', { from, error })
        }
      for await (const purse of wallet.open())
        await look(wallet, purse).catch((error: unknown) => {
          log.warn('a channel could not be looked up', { channel: purse.id, error })
        })
    }
  }
}
