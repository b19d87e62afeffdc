import { InvalidError, defaultPage, largestPage } from '../../protocol/primitives/index.ts'
import type { Address, Page, PageRequest } from '../../protocol/primitives/index.ts'
import type { ChannelState } from '../../protocol/models/index.ts'
import type { Wallet } from './client/wallet.ts'
import type { ClientChannel, WorkerChannel } from './records.ts'
import type { ChannelView } from './types.ts'
import type { Accounts } from './worker/accounts.ts'

interface Listed {
  readonly self: Address
  readonly accounts: Pick<Accounts, 'records'>
  readonly wallet: Pick<Wallet, 'records' | 'find' | 'owed'>
}

/** A page of the channels that pay this node, then of those that it pays by, each by id. The cursor is role and id. */
export async function listChannels(
  { self, accounts, wallet }: Listed,
  { limit = defaultPage, cursor, closed = true }: PageRequest & { closed?: boolean } = {}
): Promise<Page<ChannelView>> {
  const [role = 'worker', after] = cursor?.split('/') ?? []
  if ((role !== 'worker' && role !== 'client') || (cursor !== undefined && after === undefined))
    throw new InvalidError('page.cursor', 'that is no cursor of a list of channels', {
      help: 'Begin again without a cursor.'
    })
  const most = Math.min(Math.max(1, limit), largestPage)
  const items: ChannelView[] = []
  const full = (): boolean => items.length > most
  const range = after === undefined ? {} : { from: `${after}~` }
  if (role === 'worker')
    for await (const record of accounts.records(range)) {
      if (!closed && record.channel.state === 'closed') continue
      items.push(paying(self, record))
      if (full()) break
    }
  if (!full())
    for await (const record of wallet.records(role === 'client' ? range : {})) {
      if (!closed && record.channel.state === 'closed') continue
      items.push(await ownChannel({ self, wallet }, record))
      if (full()) break
    }
  const last = full() ? items[most - 1] : undefined
  return { items: items.slice(0, most), next: last === undefined ? null : `${last.role}/${last.id}` }
}

/** A channel that pays this node. */
export const paying = (self: Address, { id, client, model, expiry, channel }: WorkerChannel): ChannelView =>
  viewOf({ id, role: 'worker', client, worker: self, model, expiry }, channel)

/** A channel that this node pays by, with what has come over it and is not signed for. */
export async function ownChannel(
  { self, wallet }: Pick<Listed, 'self'> & { wallet: Pick<Wallet, 'find' | 'owed'> },
  { id, worker, model, expiry, channel }: ClientChannel
): Promise<ChannelView> {
  const view = viewOf({ id, role: 'client', client: self, worker, model, expiry }, channel)
  const purse = channel.state === 'closed' ? undefined : await wallet.find(id)
  if (purse === undefined) return view
  const answers = [...purse.asks.values()].filter(({ record }) => !record.over).length
  return { ...view, unsigned: { answers, fee: wallet.owed(purse) - channel.settled } }
}

function viewOf(
  parties: Pick<ChannelView, 'id' | 'role' | 'client' | 'worker' | 'model' | 'expiry'>,
  channel: ChannelState
): ChannelView {
  const { deposit, paid, settled, claimed, sequence, state } = channel
  const bound = paid > claimed ? paid : claimed
  return {
    ...parties,
    deposit,
    paid,
    settled,
    claimed,
    receipts: Number(sequence),
    unsigned: { answers: 0, fee: 0n },
    state,
    ...(state === 'disputed' ? { code: channel.code } : {}),
    closesAt: state === 'closing' ? channel.closesAt : 0n,
    left: state === 'closed' ? channel.refunded : deposit > bound ? deposit - bound : 0n
  }
}
