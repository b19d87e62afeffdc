import type { ClientChannel } from '../node/models/records.ts'
import type { Channel } from './types.ts'

/** A channel as its owner is shown it. */
export function channelView({ id, worker, model, expiry, channel }: ClientChannel): Channel {
  const { state, deposit, paid, settled } = channel
  return {
    id,
    worker,
    model,
    state,
    deposit,
    paid,
    settled,
    ...(channel.state === 'disputed' ? { code: channel.code } : {}),
    closesAt: channel.state === 'closing' ? Number(channel.closesAt) : 0,
    expiry: Number(expiry)
  }
}
