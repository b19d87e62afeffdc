import { closing, deposited } from '../../../protocol/models/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ChannelOnChain } from '../../chain/types.ts'
import type { Peer } from '../../transport/types.ts'
import type { Parts } from '../deps.ts'
import type { Account, Accounts } from './accounts.ts'

/** Accounts by channel, for the peers that use them. The chain is read once; from then on its events keep them true. */
export interface WorkerChannels {
  /**
   * @throws NotFoundError `channel.unknown` · InvalidError `channel.worker`, `channel.client` (reject) · as the chain
   */
  of(channel: Hex, peer: Peer): Promise<Account>
  /** Reads again what the chain says: for a deposit that may be news not heard yet. */
  reread(account: Account): Promise<void>
}

/** Made-up channels that are remembered, so that asking for one again costs this node nothing; and for how long. */
const unknownKept = 4096
const unknownMs = 2_000

export function createWorkerChannels({ chain, self, clock }: Parts, accounts: Accounts): WorkerChannels {
  /** Since this node started, read from the chain or heard of: before that something may have been missed. */
  const current = new Set<Hex>()
  const unknown = new Map<Hex, number>()
  const reading = new Map<Hex, Promise<ChannelOnChain | undefined>>()

  const read = (id: Hex): Promise<ChannelOnChain | undefined> => {
    const running = reading.get(id)
    if (running !== undefined) return running
    const next = relied(id).finally(() => reading.delete(id))
    reading.set(id, next)
    return next
  }

  /** The channel as far as it has enough confirmations: a deposit that the chain may take back pays for nothing. */
  async function relied(id: Hex): Promise<ChannelOnChain | undefined> {
    const known = await chain.channels.known(id)
    // Not heard of yet: one look at the chain tells what was made up from what is only young.
    const onChain = known ?? (await chain.channels.channel(id))
    if (onChain === undefined) return undefined
    const deposit = known?.confirmed ?? (chain.ledger.confirmations <= 1n ? onChain.deposit : 0n)
    // [ignore] A channel is served once its opening is confirmed.
    if (deposit === 0n)
      throw new NotFoundError('channel.unconfirmed', 'the channel has too few confirmations yet', {
        consequence: 'retry',
        help: `This node waits for ${chain.ledger.confirmations} blocks.`
      })
    return { ...onChain, deposit }
  }

  async function reread(account: Account): Promise<void> {
    const onChain = await read(account.id)
    if (onChain === undefined) return
    await accounts.update(account, channel => {
      if (channel.state !== 'open') return channel
      return onChain.closesAt === 0n ? deposited(channel, onChain.deposit) : closing(channel, onChain.closesAt)
    })
  }

  /** @returns undefined where there is no such channel, or it was closed while this node was away. */
  async function find(id: Hex): Promise<Account | undefined> {
    const known = accounts.find(id)
    if (known !== undefined && current.has(id)) return known
    if ((unknown.get(id) ?? 0) > clock.now()) return undefined
    const onChain = await read(id)
    if (onChain === undefined) {
      unknown.set(id, clock.now() + unknownMs)
      for (const oldest of unknown.keys()) {
        if (unknown.size <= unknownKept) break
        unknown.delete(oldest)
      }
      return undefined
    }
    if (onChain.worker !== self) throw new InvalidError('channel.worker', 'the channel pays another worker')
    const account = await accounts.account(onChain)
    current.add(id)
    return account
  }

  return {
    async of(id, peer) {
      const account = await find(id)
      // [reject] A channel stands on chain, pays this worker, and is used by its own client.
      if (account === undefined)
        throw new NotFoundError('channel.unknown', 'no such channel is on chain', { consequence: 'reject' })
      if (account.client !== peer.address) throw new InvalidError('channel.client', "the channel is another client's")
      return account
    },
    reread
  }
}
