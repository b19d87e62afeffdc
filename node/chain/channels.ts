import { paymentChannelsAbi } from '../../protocol/contracts/index.ts'
import { zeroAddress } from '../../protocol/primitives/index.ts'
import type { Connection } from './connection.ts'
import { eventOf, lower, mined } from './connection.ts'
import type { Addresses, Channels } from './types.ts'

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
      const { toWorker, toBuilder, toData } = eventOf(receipt, paymentChannelsAbi, 'ChannelClaimed')
      return {
        ...mined(receipt),
        paid: toWorker + toBuilder + toData,
        split: { worker: toWorker, builder: toBuilder, data: toData }
      }
    },
    startClose: async channel =>
      mined(
        await connection.write({
          ...at,
          what: `closing channel ${channel}`,
          functionName: 'startClose',
          args: [channel]
        })
      ),
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
