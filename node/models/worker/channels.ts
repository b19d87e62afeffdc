import { relied, reorganised } from '../../../protocol/models/index.ts'
import { InvalidError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ChannelOnChain } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import type { Peer } from '../../transport/types.ts'
import type { Parts } from '../deps.ts'
import type { Account, Accounts } from './accounts.ts'

/**
 * Accounts by channel, for the peers that use them. What a channel holds is asked of the chain's ledger each time: a
 * deposit may shrink by a reorganisation, or with the RPC's view of the chain.
 */
export interface WorkerChannels {
  /**
   * @throws NotFoundError `channel.unknown`, `channel.unconfirmed` · InvalidError `channel.worker`, `channel.client`
   * (reject) · as the chain
   */
  of(channel: Hex, peer: Peer): Promise<Account>
  /**
   * Does what the channel's deposit has to cover, and where that does not reach, once more with the chain read anew:
   * its client may have heard of a deposit before this worker has.
   */
  covering(account: Account, task: () => Promise<void>): Promise<void>
}

/** Made-up channels that are remembered, so that asking for one again costs this node nothing; and for how long. */
const unknownKept = 4096
const unknownMs = 2_000

/** What says that a deposit covers too little. */
const tooLittle: ReadonlySet<string> = new Set(['channel.exhausted', 'voucher.deposit'])

export function createWorkerChannels(
  { chain, self, clock }: Pick<Parts, 'chain' | 'self' | 'clock'>,
  accounts: Pick<Accounts, 'find' | 'account' | 'update'>
): WorkerChannels {
  const unknown = createCache<Hex, true>({ max: unknownKept, forMs: unknownMs, clock })
  const reading = new Map<Hex, Promise<ChannelOnChain | undefined>>()

  /** What the ledger has not heard of: one look at the chain tells what was made up from what is only young. */
  function look(id: Hex): Promise<ChannelOnChain | undefined> {
    if (unknown.get(id) === true) return Promise.resolve(undefined)
    const running = reading.get(id)
    if (running !== undefined) return running
    const next = chain.channels
      .channel(id)
      .then(found => {
        if (found === undefined) unknown.set(id, true)
        return found
      })
      .finally(() => reading.delete(id))
    reading.set(id, next)
    return next
  }

  /** The channel as far as it has enough confirmations: a deposit that the chain may take back pays for nothing. */
  async function confirmed(id: Hex): Promise<ChannelOnChain | undefined> {
    const known = await chain.channels.known(id)
    if (known !== undefined) return { ...known, deposit: known.confirmed }
    const onChain = await look(id)
    return onChain && { ...onChain, deposit: chain.ledger.confirmations <= 1n ? onChain.deposit : 0n }
  }

  /** Brings an account to what can be relied on now; one whose channel the chain has no more holds nothing. */
  async function renew(account: Account): Promise<ChannelOnChain | undefined> {
    const onChain = await confirmed(account.id)
    await accounts.update(account, state =>
      onChain === undefined ? reorganised(state, undefined) : relied(state, onChain)
    )
    return onChain
  }

  async function find(id: Hex): Promise<{ account?: Account; onChain: ChannelOnChain | undefined }> {
    const known = await accounts.find(id)
    if (known !== undefined) return { account: known, onChain: await renew(known) }
    const onChain = await confirmed(id)
    if (onChain === undefined) return { onChain }
    if (onChain.worker !== self) throw new InvalidError('channel.worker', 'the channel pays another worker')
    // What cannot be relied on yet has no account: it costs this node nothing.
    return onChain.deposit === 0n ? { onChain } : { account: await accounts.account(onChain), onChain }
  }

  return {
    async of(id, peer) {
      const { account, onChain } = await find(id)
      // [reject] A channel stands on chain. [ignore] One that stood there before may have been taken back.
      if (onChain === undefined)
        throw new NotFoundError('channel.unknown', 'no such channel is on chain', {
          consequence: account === undefined ? 'reject' : 'ignore'
        })
      // [ignore] A channel is served once its opening is confirmed.
      if (account === undefined || onChain.deposit === 0n)
        throw new NotFoundError('channel.unconfirmed', 'the channel has too few confirmations yet', {
          consequence: 'retry',
          help: `This node waits for ${chain.ledger.confirmations} blocks.`
        })
      // [reject] It is used by its own client.
      if (account.client !== peer.address) throw new InvalidError('channel.client', "the channel is another client's")
      return account
    },
    async covering(account, task) {
      try {
        await task()
      } catch (error) {
        if (!(error instanceof TilthError && tooLittle.has(error.code))) throw error
        await renew(account)
        await task()
      }
    }
  }
}
