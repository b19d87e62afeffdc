import { createHash } from 'node:crypto'
import { StrictNoSign, TopicValidatorResult, gossipsub } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents, Message, TopicValidatorFn } from '@libp2p/gossipsub'
import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'
import type { PeerId } from '@libp2p/interface'
import type { z } from 'zod'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { decodeFrame, encodeFrame, familyOf, topicFamilies, topicLimits, topics } from '../../../protocol/wire/index.ts'
import type { Topic, TopicFamily, TopicLimits } from '../../../protocol/wire/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { hasNodeKey, peerOf } from '../identity.ts'
import type { TransportCounts } from '../metrics.ts'
import { createBuckets } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'
import type { Gossip, Peer, Preset } from '../types.ts'

/** Milliseconds for which the same bytes are the same message. */
const seenMs = 60_000

/**
 * Bytes of topics' names (each counts 1 KiB more) that one peer may say it hears: some 3,500 Datanets. Their names are
 * not known beforehand, so this bounds what a stranger can make us remember.
 */
const topicBytesPerPeer = 4 << 20

const topicScore = createTopicScoreParams({
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
 * gossipsub as this network runs it. Every message carries its author's signature, so the envelope carries none, and
 * the content's hash is the id.
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
    maxInboundDataLength: Math.max(...topicFamilies.map(family => topicLimits[family].maxBytes)),
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
      IPColocationFactorThreshold: 10
    }
  })
}

/** The table of topics that gossipsub scores: public in its class and left out of its interface. */
const scores = (pubsub: GossipSub): Record<string, TopicScoreParams> =>
  (pubsub as GossipSub & { score: { params: { topics: Record<string, TopicScoreParams> } } }).score.params.topics

export interface GossipDeps {
  pubsub: GossipSub
  reputation: Reputation
  clock: Clock
  log: Log
  counts: TransportCounts
  /** The wire table, or a test's own. */
  limits?: Readonly<Record<TopicFamily, TopicLimits>>
}

type Verdict = 'accept' | 'ignore' | 'reject' | 'rate' | 'busy' | 'time'

/**
 * The one adapter between gossip and handlers: decodes, limits, turns an error's consequence into verdict, score, log
 * and metric.
 */
export function createGossip({
  pubsub,
  reputation,
  clock,
  log,
  counts,
  limits: table = topicLimits
}: GossipDeps): Gossip {
  // A family's topics share one allowance: what a stranger can ask of us does not grow with the Datanets we follow.
  const families = new Map(
    topicFamilies.map(family => [family, { buckets: createBuckets(table[family].quota, clock), pending: 0 }])
  )
  // [ignore] What is said on a topic that this node does not hear: honest neighbours send none of it.
  const heard = new Map<string, TopicValidatorFn>()
  Object.assign(pubsub.topicValidators, {
    get: (topic: string): TopicValidatorFn => heard.get(topic) ?? (() => TopicValidatorResult.Ignore)
  })

  function listen<T>(
    topic: Topic,
    schema: z.ZodType<T>,
    handler: (message: T, from: Peer) => Promise<void> | void
  ): TopicValidatorFn {
    const family = familyOf(topic)
    const limits = table[family]
    const shared = families.get(family) ?? { buckets: createBuckets(limits.quota, clock), pending: 0 }

    async function judge(source: PeerId, message: Message): Promise<Verdict> {
      const from = source.toString()
      if (!shared.buckets(from).take()) {
        reputation.charge(from, 'rate')
        return 'rate'
      }
      if (shared.pending >= limits.queue) return 'busy'
      shared.pending++
      const late = new AbortController()
      try {
        const value = decodeFrame(message.data, schema, limits.maxBytes)
        const timeout = clock.sleep(limits.timeMs, late.signal).then((): Verdict => 'time')
        const handled = (async (): Promise<Verdict> => {
          await handler(value, peerOf(source))
          return 'accept'
        })()
        timeout.catch(() => undefined) // it is aborted when the handler was in time
        handled.catch((error: unknown) => {
          if (late.signal.aborted) log.debug('a message failed after its time', { topic, error })
        })
        return await Promise.race([handled, timeout])
      } catch (error) {
        return blame(from, error)
      } finally {
        late.abort()
        shared.pending--
      }
    }

    function blame(from: string, error: unknown): Verdict {
      if (!(error instanceof TilthError)) {
        log.error('a gossip handler failed', { topic, error })
        return 'ignore'
      }
      log.debug('a message was not taken', { topic, from, error })
      reputation.chargeFor(from, error)
      return error.consequence === 'reject' ? 'reject' : 'ignore'
    }

    return async (source, message) => {
      const began = clock.now()
      const verdict = hasNodeKey(source) ? await judge(source, message) : 'reject'
      counts.gossip.inc({ topic: family, verdict })
      counts.verdictSeconds.observe({ topic: family }, (clock.now() - began) / 1000)
      if (verdict === 'accept') return TopicValidatorResult.Accept
      return verdict === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
    }
  }

  return {
    subscribe(topic, schema, handler) {
      if (heard.has(topic)) throw new TilthError('gossip.subscribed', `${topic} has its one subscriber already`)
      // Scores of a topic stay: gossipsub looks them up for as long as it remembers a peer of it.
      scores(pubsub)[topic] ??= topicScore
      heard.set(topic, listen(topic, schema, handler))
      pubsub.subscribe(topic)
      return () => {
        pubsub.unsubscribe(topic)
        heard.delete(topic)
      }
    },
    async publish(topic, message) {
      const { recipients } = await pubsub.publish(topic, encodeFrame(message, table[familyOf(topic)].maxBytes))
      return { recipients: recipients.length }
    },
    subscribers: topic => pubsub.getSubscribers(topic).filter(hasNodeKey).map(peerOf)
  }
}
