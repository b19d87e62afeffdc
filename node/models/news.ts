import { claimedUp, closedWith, closing, deposited, relied, reorganised } from '../../protocol/models/index.ts'
import type { ChannelState, Relied } from '../../protocol/models/index.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { ChainEventOf } from '../chain/types.ts'
import type { Catalogue } from './catalogue.ts'
import type { Wallet } from './client/wallet.ts'
import type { Parts } from './deps.ts'
import type { Accounts } from './worker/accounts.ts'
import type { Redeemer } from './worker/redeem.ts'

const names = [
  'ModelRegistered',
  'ModelRetired',
  'ChannelOpened',
  'ChannelToppedUp',
  'ChannelClaimed',
  'ChannelClosing',
  'ChannelClosed'
] as const
type Told = ChainEventOf<(typeof names)[number]>

export interface Hearers {
  catalogue: Catalogue
  wallet: Wallet
  accounts: Accounts
  redeemer: Redeemer
}

/** What the chain tells of models and channels, forward and back. @returns stop */
export async function hearNews(
  { chain, self, log }: Parts,
  { catalogue, wallet, accounts, redeemer }: Hearers
): Promise<() => Promise<void>> {
  async function change(channel: Hex, next: (state: ChannelState) => ChannelState): Promise<void> {
    const account = await accounts.find(channel)
    if (account !== undefined) await accounts.update(account, next)
    const purse = await wallet.find(channel)
    if (purse !== undefined) await wallet.update(purse, next)
  }
  /** What a worker relies on: what is confirmed. */
  async function confirmed(channel: Hex): Promise<Relied | undefined> {
    const known = await chain.channels.known(channel)
    return known && { ...known, deposit: known.confirmed }
  }

  /** A client knows what it has paid in; a worker relies on it once it is confirmed. */
  async function raise({ channel, deposit }: { channel: Hex; deposit: bigint }): Promise<void> {
    const account = await accounts.find(channel)
    if (account !== undefined) {
      const onChain = await confirmed(channel)
      if (onChain !== undefined) await accounts.update(account, state => relied(state, onChain))
    }
    const purse = await wallet.find(channel)
    if (purse !== undefined)
      await wallet.update(purse, state => (state.state === 'open' ? deposited(state, deposit) : state))
  }

  async function forward(event: Told): Promise<void> {
    switch (event.name) {
      case 'ModelRegistered':
        return catalogue.registered(event)
      case 'ModelRetired':
        return catalogue.retired(event.model, true)
      case 'ChannelOpened':
        if (event.client === self) await wallet.adopt({ ...event, id: event.channel })
        // One that the chain had taken back, and has again.
        return raise(event)
      case 'ChannelToppedUp':
        return raise(event)
      case 'ChannelClaimed':
        return change(event.channel, state => claimedUp(state, event.claimed))
      case 'ChannelClosed':
        return change(event.channel, state => closedWith(state, event.refunded))
      case 'ChannelClosing': {
        // This node's own end of it may be noted before the news that it closes.
        await change(event.channel, state => (state.state === 'closed' ? state : closing(state, event.closesAt)))
        // The client asks to close: what it has promised is claimed before the window ends.
        const account = await accounts.find(event.channel)
        if (account !== undefined)
          await redeemer.one(account).catch((error: unknown) => {
            // What was claimed just before a crash comes with the news behind this: it must not wait for it.
            if (!(error instanceof TilthError && error.consequence === 'reject')) throw error
            log.info('a channel that closes was not redeemed', { channel: event.channel, error })
          })
        return
      }
    }
  }

  async function back(event: Told): Promise<void> {
    if (event.name === 'ModelRegistered') return catalogue.dropped(event.model, event.block)
    if (event.name === 'ModelRetired') return catalogue.retired(event.model, false)
    // The ledger has gone back already: the channel is what it is there, or is there no more.
    const account = await accounts.find(event.channel)
    if (account !== undefined) {
      const onChain = await confirmed(event.channel)
      await accounts.update(account, state => reorganised(state, onChain))
    }
    const purse = await wallet.find(event.channel)
    const known = await chain.ledger.channel(event.channel)
    if (purse !== undefined) await wallet.update(purse, state => reorganised(state, known))
  }

  return chain.ledger.consume({ name: 'models', names, forward, back })
}
