import type { TransportCounts } from '../../node/transport/metrics.ts'

const none = { inc: () => undefined, observe: () => undefined }

/** A light peer shows its owner no metrics. */
export const noCounts = {
  gossip: none,
  verdictSeconds: none,
  streams: none,
  bans: none
} as unknown as TransportCounts
