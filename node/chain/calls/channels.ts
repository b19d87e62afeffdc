import { paymentChannelsAbi, type FeeParts } from '../../../protocol/contracts/index.ts'
import { zeroAddress } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Connection } from '../connection/index.ts'
import { eventOf, lower, mined } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export interface ChannelOnChain {
  readonly id: Hex
  readonly client: Address
  readonly worker: Address
  readonly model: Hex
  readonly deposit: bigint
  readonly claimed: bigint
  /** From then on the client may take back what is left: a worker claims before it. */
  readonly expiry: bigint
  /** 0 while nobody asked to close; otherwise when the client may take back what is left. */
  readonly closesAt: bigint
  readonly closed: boolean
}

/** How one claim was divided. */
export type ClaimSplit = FeeParts

export interface Channels {
  channel(id: Hex): Promise<ChannelOnChain | undefined>
  /** How long a client waits between asking to close and its refund, in seconds. */
  disputeWindow(): Promise<bigint>
  /** `expiry` must be at least one dispute window away. */
  open(channel: { worker: Address; model: Hex; deposit: bigint; expiry: bigint }): Promise<Mined & { channel: Hex }>
  topUp(channel: Hex, amount: bigint): Promise<Mined>
  /**
   * Pays what the voucher adds over what was claimed, at most the deposit, by the model's split. Anyone may. `claimed`
   * is the sum of all claims.
   */
  claim(
    voucher: { channel: Hex; cumulative: bigint },
    signature: Hex
  ): Promise<Mined & { paid: bigint; claimed: bigint; split: ClaimSplit }>
  /** Client: asks to close. The worker has the dispute window to claim. */
  startClose(channel: Hex): Promise<Mined & { closesAt: bigint }>
  /** Client takes back the rest after the window or the expiry; the worker may end it at once at any time. */
  finishClose(channel: Hex): Promise<Mined & { refunded: bigint }>
}

export function createChannels(connection: Connection, { channels, token }: Addresses): Channels {
  const at = { address: channels, abi: paymentChannelsAbi } as const
  return {
    async channel(id) {
      const { client, worker, ...rest } = await connection.read({
        ...at,
        what: `channel ${id}`,
        functionName: 'channelOf',
        args: [id]
      })
      return client === zeroAddress ? undefined : { id, client: lower(client), worker: lower(worker), ...rest }
    },
    disputeWindow: () => connection.read({ ...at, what: 'dispute window', functionName: 'disputeWindow', args: [] }),
    async open({ worker, model, deposit, expiry }) {
      await connection.allow(token, channels, deposit)
      const receipt = await connection.write({
        ...at,
        what: `opening a channel to ${worker}`,
        functionName: 'open',
        args: [worker, model, deposit, expiry]
      })
      return { ...mined(receipt), channel: eventOf(receipt, paymentChannelsAbi, 'ChannelOpened').channel }
    },
    async topUp(channel, amount) {
      await connection.allow(token, channels, amount)
      return mined(
        await connection.write({
          ...at,
          what: `top-up of channel ${channel}`,
          functionName: 'topUp',
          args: [channel, amount]
        })
      )
    },
    async claim({ channel, cumulative }, signature) {
      const receipt = await connection.write({
        ...at,
        what: `claim from channel ${channel}`,
        functionName: 'claim',
        args: [channel, cumulative, signature]
      })
      const { claimed, toWorker, toBuilder, toData, toUpstream } = eventOf(
        receipt,
        paymentChannelsAbi,
        'ChannelClaimed'
      )
      return {
        ...mined(receipt),
        paid: toWorker + toBuilder + toData + toUpstream,
        claimed,
        split: { worker: toWorker, builder: toBuilder, data: toData, upstream: toUpstream }
      }
    },
    async startClose(channel) {
      const receipt = await connection.write({
        ...at,
        what: `closing channel ${channel}`,
        functionName: 'startClose',
        args: [channel]
      })
      return { ...mined(receipt), closesAt: eventOf(receipt, paymentChannelsAbi, 'ChannelClosing').closesAt }
    },
    async finishClose(channel) {
      const receipt = await connection.write({
        ...at,
        what: `closing channel ${channel}`,
        functionName: 'finishClose',
        args: [channel]
      })
      return { ...mined(receipt), refunded: eventOf(receipt, paymentChannelsAbi, 'ChannelClosed').refunded }
    }
  }
}
