import { claimedUp, closedWith, closing, deposited } from '../../protocol/models/index.ts'
import type { ChannelState } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { ChainEvent, ChainEventOf, Follower } from '../chain/types.ts'
import type { Wallet } from './client/wallet.ts'
import type { Parts } from './deps.ts'
import type { Tables } from './records.ts'
import type { Catalogue } from './catalogue.ts'
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
type Followed = ChainEventOf<(typeof names)[number]>
const isFollowed = (event: ChainEvent): event is Followed => (names as readonly string[]).includes(event.name)

export interface Following {
  catalogue: Catalogue
  wallet: Wallet
  accounts: Accounts
  redeemer: Redeemer
}

/** What the chain tells of models and channels, from where this node stopped reading. */
export async function followChain(
  { chain, self, log }: Parts,
  tables: Tables,
  { catalogue, wallet, accounts, redeemer }: Following
): Promise<Follower> {
  async function change(channel: Hex, next: (state: ChannelState) => ChannelState): Promise<void> {
    const guarded = (state: ChannelState): ChannelState => (state.state === 'closed' ? state : next(state))
    const account = accounts.find(channel)
    if (account !== undefined) await accounts.update(account, guarded)
    const purse = wallet.find(channel)
    if (purse !== undefined) await wallet.update(purse, guarded)
  }

  async function take(event: Followed): Promise<void> {
    switch (event.name) {
      case 'ModelRegistered':
        return catalogue.registered(event.model, event.block)
      case 'ModelRetired':
        return catalogue.retired(event.model)
      case 'ChannelOpened':
        if (event.client === self) await wallet.adopt({ ...event, id: event.channel })
        return
      case 'ChannelToppedUp':
        return change(event.channel, state => (state.state === 'open' ? deposited(state, event.deposit) : state))
      case 'ChannelClaimed':
        return change(event.channel, state => claimedUp(state, event.claimed))
      case 'ChannelClosed':
        return change(event.channel, state => closedWith(state, event.refunded))
      case 'ChannelClosing': {
        await change(event.channel, state =>
          state.state === 'open' || state.state === 'disputed' ? closing(state, event.closesAt) : state
        )
        // The client asks to close: what it has promised is claimed before the window ends.
        const account = accounts.find(event.channel)
        if (account !== undefined) await redeemer.one(account)
        return
      }
    }
  }

  const cursor = await tables.cursor.get('chain')
  return chain.follow(
    {
      from: cursor === undefined ? 0n : cursor.block + 1n,
      ...(cursor === undefined ? {} : { parent: cursor.hash }),
      names
    },
    {
      event: event => (isFollowed(event) ? take(event) : undefined),
      // Reading a block twice does no harm, so the cursor need not be on disk at once.
      reached: (block, hash) => tables.cursor.put('chain', { block, hash }, { sync: false }),
      rewound: block => catalogue.rewound(block),
      failed: (error, event) => {
        log.warn('news of the chain could not be taken in', { event: event?.name, error })
      }
    }
  )
}
