import { defaultPage, InvalidError, largestPage } from '../../protocol/primitives/index.ts'
import type { Address, Page, PageRequest } from '../../protocol/primitives/index.ts'
import type { Wallet } from './client/wallet.ts'
import type { ChannelView } from './types.ts'
import type { Accounts } from './worker/accounts.ts'

interface Listed {
  readonly self: Address
  readonly accounts: Pick<Accounts, 'records'>
  readonly wallet: Pick<Wallet, 'records'>
}

/** A page of the channels that pay this node, then of those that it pays by, each by id. The cursor is role and id. */
export async function listChannels(
  { self, accounts, wallet }: Listed,
  { limit = defaultPage, cursor }: PageRequest = {}
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
    for await (const { id, client, model, channel } of accounts.records(range)) {
      items.push(channelView({ id, role: 'worker', client, worker: self, model }, channel))
      if (full()) break
    }
  if (!full())
    for await (const { id, worker, model, channel } of wallet.records(role === 'client' ? range : {})) {
      items.push(channelView({ id, role: 'client', client: self, worker, model }, channel))
      if (full()) break
    }
  const last = full() ? items[most - 1] : undefined
  return { items: items.slice(0, most), next: last === undefined ? null : `${last.role}/${last.id}` }
}

function channelView(
  parties: Pick<ChannelView, 'id' | 'role' | 'client' | 'worker' | 'model'>,
  {
    deposit,
    paid,
    settled,
    claimed,
    sequence,
    state
  }: Pick<ChannelView, 'deposit' | 'paid' | 'settled' | 'claimed'> & { sequence: bigint; state: string }
): ChannelView {
  return {
    ...parties,
    deposit,
    paid,
    settled,
    claimed,
    receipts: Number(sequence),
    state: state === 'closing' || state === 'closed' ? 'closed' : state === 'disputed' ? 'disputed' : 'open'
  }
}
