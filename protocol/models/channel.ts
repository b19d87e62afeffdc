import type { Message, Network } from '../crypto/statements.ts'
import { TilthError } from '../primitives/errors.ts'
import { headAfter } from './receipt.ts'
import type { ChainHead } from './receipt.ts'
import { reject } from './refuse.ts'
import { noReceipts } from './receipt.ts'

// A channel as its two parties keep it. Each state holds what there is in it; every method is `A → B` and a wrong
// transition throws. What the chain says (deposit, closing) and what the two agreed (vouchers, receipts) meet here.

interface Account extends ChainHead {
  readonly deposit: bigint
  /** Cumulative sum of the highest voucher. */
  readonly paid: bigint
  /** What of it was claimed on chain. */
  readonly claimed: bigint
}
export type ChannelState =
  | (Account & { readonly state: 'open' })
  /** The client asked to close on chain: nothing is served any more, vouchers can be claimed until `closesAt`. */
  | (Account & { readonly state: 'closing'; readonly closesAt: bigint })
  /** One party found the other lying: nothing is signed any more, what is signed stands. */
  | (Account & { readonly state: 'disputed'; readonly code: string })
  | (Account & { readonly state: 'closed'; readonly refunded: bigint })

const wrong = (from: ChannelState['state'], what: string): never => {
  throw new TilthError('channel.state', `a channel that is ${from} cannot be ${what}`, { consequence: 'ignore' })
}

/** → open */
export const openChannel = (deposit: bigint): ChannelState => ({
  state: 'open',
  deposit,
  paid: 0n,
  claimed: 0n,
  ...noReceipts
})

/** open → open. The deposit only grows. */
export function deposited(channel: ChannelState, deposit: bigint): ChannelState {
  if (channel.state !== 'open') return wrong(channel.state, 'topped up')
  return deposit > channel.deposit ? { ...channel, deposit } : channel
}

/** open, closing → same. @throws InvalidError `voucher.shrinks`, `voucher.deposit` */
export function paidUp(channel: ChannelState, cumulative: bigint): ChannelState {
  if (channel.state !== 'open' && channel.state !== 'closing') return wrong(channel.state, 'paid')
  if (cumulative < channel.paid) reject('voucher.shrinks', 'a voucher promises less than an earlier one')
  if (cumulative > channel.deposit) reject('voucher.deposit', 'a voucher promises more than the deposit')
  return { ...channel, paid: cumulative }
}

/**
 * open, closing → same. The receipt has both signatures and is paid.
 * @throws InvalidError `receipt.chain`, `voucher.short`
 */
export function receipted(channel: ChannelState, network: Network, receipt: Message<'Receipt'>): ChannelState {
  if (channel.state !== 'open' && channel.state !== 'closing') return wrong(channel.state, 'added a receipt to')
  if (
    receipt.sequence !== channel.sequence + 1n ||
    receipt.previous !== channel.head ||
    receipt.total !== channel.settled + receipt.fee
  )
    reject('receipt.chain', "the receipt is not the next of its channel's chain")
  if (channel.settled + receipt.fee > channel.paid)
    reject('voucher.short', 'the receipt is not paid', { paid: channel.paid, due: channel.settled + receipt.fee })
  return { ...channel, ...headAfter(network, receipt) }
}

/**
 * open, closing → same. A later receipt of this channel has both signatures, though this side knows nothing of it any
 * more: it was brought back from an older copy. The two go on from there.
 */
export function recalled(channel: ChannelState, network: Network, receipt: Message<'Receipt'>): ChannelState {
  if (channel.state !== 'open' && channel.state !== 'closing') return wrong(channel.state, 'recalled')
  return receipt.sequence > channel.sequence ? { ...channel, ...headAfter(network, receipt) } : channel
}

/** any → same. What the chain has paid out of the highest voucher; of a channel that ended it may be heard later. */
export function claimedUp(channel: ChannelState, claimed: bigint): ChannelState {
  return claimed > channel.claimed ? { ...channel, claimed } : channel
}

/** any but closed → closing. Of one that closes already it is a newer word: the chain took the older one back. */
export function closing(channel: ChannelState, closesAt: bigint): ChannelState {
  if (channel.state === 'closed') return wrong(channel.state, 'closed')
  if (channel.state === 'closing' && channel.closesAt === closesAt) return channel
  const { deposit, paid, claimed, sequence, head, settled } = channel
  return { state: 'closing', deposit, paid, claimed, sequence, head, settled, closesAt }
}

/** open, closing → disputed */
export function disputed(channel: ChannelState, code: string): ChannelState {
  if (channel.state !== 'open' && channel.state !== 'closing') return wrong(channel.state, 'disputed')
  const { deposit, paid, claimed, sequence, head, settled } = channel
  return { state: 'disputed', deposit, paid, claimed, sequence, head, settled, code }
}

/** any → closed. Of one that is closed already it is a newer word, as with `closing`. */
export function closedWith(channel: ChannelState, refunded: bigint): ChannelState {
  if (channel.state === 'closed' && channel.refunded === refunded) return channel
  const { deposit, paid, claimed, sequence, head, settled } = channel
  return { state: 'closed', deposit, paid, claimed, sequence, head, settled, refunded }
}

/** What a channel has on chain, or what of that a party relies on. */
export interface Relied {
  readonly deposit: bigint
  readonly claimed: bigint
  readonly closesAt: bigint
  readonly closed: boolean
}

/**
 * any → same, or closing. The deposit is what can be relied on now, which may be less than before; claims and an ending
 * are undone by a reorganisation only, not by a view that is behind.
 */
export function relied(channel: ChannelState, { deposit, claimed, closesAt, closed }: Relied): ChannelState {
  if (channel.state === 'closed') return channel
  const next = claimed > channel.claimed ? claimed : channel.claimed
  const same = deposit === channel.deposit && next === channel.claimed
  const now = same ? channel : { ...channel, deposit, claimed: next }
  return now.state === 'open' && (closed || closesAt !== 0n) ? closing(now, closesAt) : now
}

/** What has been promised and is there: a voucher counts as far as the deposit covers it. */
export const covered = ({ paid, deposit }: ChannelState): bigint => (paid < deposit ? paid : deposit)

/**
 * any → as the chain has it after a reorganisation: deposit and claims may have shrunk, a closing may be undone. What
 * the two agreed stays; a voucher beyond the deposit counts for nothing until the deposit is there again.
 */
export function reorganised(channel: ChannelState, onChain: Relied | undefined): ChannelState {
  const { paid, sequence, head, settled } = channel
  const { deposit, claimed, closesAt, closed } = onChain ?? { deposit: 0n, claimed: 0n, closesAt: 0n, closed: false }
  const account = { deposit, claimed, paid, sequence, head, settled }
  if (closed) return { state: 'closed', ...account, refunded: deposit - claimed }
  if (channel.state === 'disputed') return { state: 'disputed', ...account, code: channel.code }
  return closesAt === 0n ? { state: 'open', ...account } : { state: 'closing', ...account, closesAt }
}
