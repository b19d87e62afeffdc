import { mapPage } from '../../../protocol/primitives/index.ts'
import type { ChannelView as NodeChannel } from '../../../node/models/index.ts'
import type { Node } from '../../../node/node.ts'
import type { ChannelView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

const milliseconds = (chainSeconds: bigint): number => Number(chainSeconds) * 1000

/** When what is left goes back to the client: at the end of the window or at the expiry, whichever comes first. */
function returnsAt({ state, closesAt, expiry }: NodeChannel): number | null {
  if (state === 'closed') return null
  return milliseconds(closesAt !== 0n && closesAt < expiry ? closesAt : expiry)
}

export function channelHandlers(
  { models }: Pick<Node, 'models'>,
  which: Pick<Which, 'channel'>
): Pick<Handlers, 'channels' | 'closeChannel'> {
  const view = (channel: NodeChannel): ChannelView => {
    const { id, role, client, worker, model, receipts, unsigned, state, code } = channel
    return {
      id,
      role,
      client,
      worker,
      model,
      modelName: models.model(model)?.name ?? '',
      receipts,
      state,
      ...(code === undefined ? {} : { code }),
      deposit: channel.deposit.toString(),
      promised: channel.paid.toString(),
      settled: channel.settled.toString(),
      claimed: channel.claimed.toString(),
      left: channel.left.toString(),
      unsigned: { answers: unsigned.answers, fee: unsigned.fee.toString() },
      returnsAt: returnsAt(channel),
      expiry: milliseconds(channel.expiry)
    }
  }
  return {
    channels: async ({ params: { closed, ...page } }) =>
      mapPage(await models.channels({ ...page, closed: closed === 'true' }), view),
    async closeChannel({ params }) {
      const { channel, transaction } = await models.closeChannel(await which.channel(params.id))
      return { channel: view(channel), transaction }
    }
  }
}
