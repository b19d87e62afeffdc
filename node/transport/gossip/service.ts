import { createHash } from 'node:crypto'
import { StrictNoSign, gossipsub } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents } from '@libp2p/gossipsub'
import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import { envelopeBytes, freshSeconds, topicFamilies, topicLimits, topics } from '../../../protocol/wire/index.ts'
import type { Reputation } from '../limits/reputation.ts'
import type { Preset } from '../types.ts'

/**
 * Milliseconds for which the same bytes are the same message: an envelope is fresh for twice `freshSeconds`, by clocks
 * that differ, and after that its time keeps it out.
 */
const seenMs = (2 * freshSeconds + 10) * 1000

/**
 * Bytes of topics' names (each counts 1 KiB more) that one peer may say it hears: some 3,500 Datanets. Their names are
 * not known beforehand, so this bounds what a stranger can make us remember.
 */
const topicBytesPerPeer = 4 << 20

export const topicScore = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshCap: 100,
  firstMessageDeliveriesWeight: 0.1,
  firstMessageDeliveriesCap: 50,
  // P3 punishes neighbours that bring few messages: on topics that are silent for hours, all of them.
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  // P4 goes with the square of rejected messages: four of them reach the graylist (-80).
  invalidMessageDeliveriesWeight: -5,
  invalidMessageDeliveriesDecay: 0.97
})

/**
 * gossipsub as this network runs it. Every message is an envelope signed by its sayer, so gossipsub signs nothing. The
 * hash of all its bytes is the id: were it the content's alone, a forged envelope around true content would keep the
 * true one out.
 */
export function gossipService(
  preset: Preset,
  reputation: Pick<Reputation, 'score'>
): (components: GossipSubComponents) => GossipSub {
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: message => createHash('sha256').update(message.topic).update('\0').update(message.data).digest(),
    seenTTL: seenMs,
    maxTopicBytesPerPeer: topicBytesPerPeer,
    maxInboundDataLength: envelopeBytes + Math.max(...topicFamilies.map(family => topicLimits[family].maxBytes)),
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    scoreParams: {
      topics: Object.fromEntries(topics.map(topic => [topic, topicScore])),
      appSpecificScore: peerId => reputation.score(peerId),
      appSpecificWeight: 1,
      // Many nodes on one address are a local network or a crowd of fakes; only the preset tells which.
      IPColocationFactorWeight: preset === 'local' ? 0 : -5,
      IPColocationFactorThreshold: 10,
      // From this machine itself no stranger comes.
      IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1'])
    }
  })
}
