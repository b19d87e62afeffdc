import type { Chain } from '../../../node/chain/index.ts'
import type { ChannelOnChain } from '../../../node/chain/types.ts'
import { digest, recoverDigest } from '../../../protocol/crypto/index.ts'
import { feeParts, upstreamParts } from '../../../protocol/contracts/index.ts'
import type { Upstream } from '../../../protocol/contracts/index.ts'
import { keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { network } from '../chain.ts'
import { logged, requires, transfer } from './state.ts'
import type { Access, Call, TokenState } from './state.ts'

// PaymentChannels.sol: the same rules and errors, in the same order.

/** Seconds that a worker has to claim from when a client asks to close. */
export const disputeWindow = 40n

const openOf = ({ channels }: TokenState, id: Hex): ChannelOnChain => {
  const channel = channels.get(id)
  requires(channel !== undefined, 'UnknownChannel')
  requires(!channel.closed, 'ChannelIsClosed')
  return channel
}

/** Seconds that a channel lasts at most. */
const mostLife = 100n * 86_400n

const open =
  ({ worker, model, deposit, expiry }: Pick<ChannelOnChain, 'worker' | 'model' | 'deposit' | 'expiry'>): Call =>
  (state, { from: client, now }) => {
    requires(deposit > 0n, 'ZeroAmount')
    requires(expiry >= now + disputeWindow, 'ExpiryTooSoon')
    requires(expiry <= now + mostLife, 'ExpiryTooLate')
    const registered = state.models.get(model)
    requires(registered !== undefined && !registered.retired, 'ModelNotServed')
    const nonce = state.opened.get(client) ?? 0
    const id = keccak(`channel ${client} ${worker} ${model} ${nonce}`)
    transfer(state, client, 'channels', deposit)
    state.opened.set(client, nonce + 1)
    state.channels.set(id, { id, client, worker, model, deposit, claimed: 0n, expiry, closesAt: 0n, closed: false })
    return [{ name: 'ChannelOpened', channel: id, client, worker, model, deposit, expiry }]
  }

const topUp =
  (id: Hex, amount: bigint): Call =>
  (state, { from }) => {
    const channel = openOf(state, id)
    requires(amount > 0n, 'ZeroAmount')
    requires(channel.closesAt === 0n, 'ChannelIsClosing')
    transfer(state, from, 'channels', amount)
    const deposit = channel.deposit + amount
    state.channels.set(id, { ...channel, deposit })
    return [{ name: 'ChannelToppedUp', channel: id, deposit }]
  }

/** The models above one, the nearest first. */
function lineAbove({ models }: TokenState, from: Hex | undefined): Upstream[] {
  const line: Upstream[] = []
  for (let at = from && models.get(from); at !== undefined; at = at.upstream && models.get(at.upstream))
    line.push({ model: at.id, builder: at.builder, datanet: at.datanet, split: at.split })
  return line
}

function payOut(state: TokenState, { worker, model }: ChannelOnChain, amount: bigint): ReturnType<typeof feeParts> {
  const registered = state.models.get(model)
  requires(registered !== undefined, 'ModelNotServed')
  const parts = feeParts(amount, registered.split, registered.datanet !== zeroHash)
  transfer(state, 'channels', worker, parts.worker)
  transfer(state, 'channels', registered.builder, parts.builder)
  transfer(state, 'channels', 'pools', parts.data)
  for (const { builder, toBuilder, toData } of upstreamParts(parts.upstream, lineAbove(state, registered.upstream))) {
    transfer(state, 'channels', builder, toBuilder)
    transfer(state, 'channels', 'pools', toData)
  }
  return parts
}

export const claim =
  ({ channel: id, cumulative }: { channel: Hex; cumulative: bigint }, signature: Hex): Call =>
  state => {
    const channel = openOf(state, id)
    requires(isSigned(id, cumulative, signature, channel.client), 'BadSignature')
    const reach = cumulative < channel.deposit ? cumulative : channel.deposit
    requires(reach > channel.claimed, 'NothingToClaim')
    const { worker, builder, data, upstream } = payOut(state, channel, reach - channel.claimed)
    state.channels.set(id, { ...channel, claimed: reach })
    const to = { toWorker: worker, toBuilder: builder, toData: data, toUpstream: upstream }
    return [{ name: 'ChannelClaimed', channel: id, claimed: reach, ...to }]
  }

function isSigned(channel: Hex, cumulative: bigint, signature: Hex, by: Address): boolean {
  try {
    return recoverDigest(digest(network, 'Voucher', { channel, cumulative }), signature) === by
  } catch {
    return false // no signature at all
  }
}

export const startClose =
  (id: Hex): Call =>
  (state, { from, now }) => {
    const channel = openOf(state, id)
    requires(from === channel.client, 'NotAParty')
    requires(channel.closesAt === 0n, 'ChannelIsClosing')
    const closesAt = now + disputeWindow
    state.channels.set(id, { ...channel, closesAt })
    return [{ name: 'ChannelClosing', channel: id, closesAt }]
  }

export const finishClose =
  (id: Hex): Call =>
  (state, { from, now }) => {
    const channel = openOf(state, id)
    const { client, worker, closesAt, expiry } = channel
    if (from !== worker) {
      requires(from === client, 'NotAParty')
      requires(now >= (closesAt !== 0n && closesAt < expiry ? closesAt : expiry), 'NotYet')
    }
    const refunded = channel.deposit - channel.claimed
    transfer(state, 'channels', client, refunded)
    state.channels.set(id, { ...channel, closed: true })
    return [{ name: 'ChannelClosed', channel: id, refunded }]
  }

export const channelCalls = ({ send, read }: Access): Chain['channels'] => ({
  channel: id => read(({ channels }) => channels.get(id)),
  disputeWindow: async () => disputeWindow,
  async open(channel) {
    const mined = await send(open(channel))
    return { ...mined, channel: logged(mined, 'ChannelOpened').channel }
  },
  topUp: (id, amount) => send(topUp(id, amount)),
  async claim(voucher, signature) {
    const mined = await send(claim(voucher, signature))
    const { claimed, ...to } = logged(mined, 'ChannelClaimed')
    const split = { worker: to.toWorker, builder: to.toBuilder, data: to.toData, upstream: to.toUpstream }
    return { ...mined, paid: split.worker + split.builder + split.data + split.upstream, claimed, split }
  },
  async startClose(id) {
    const mined = await send(startClose(id))
    return { ...mined, closesAt: logged(mined, 'ChannelClosing').closesAt }
  },
  async finishClose(id) {
    const mined = await send(finishClose(id))
    return { ...mined, refunded: logged(mined, 'ChannelClosed').refunded }
  }
})
