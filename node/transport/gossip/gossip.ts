import { createHash } from 'node:crypto'
import { StrictNoSign, TopicValidatorResult, gossipsub } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents, Message } from '@libp2p/gossipsub'
import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import type { PeerId } from '@libp2p/interface'
import type { z } from 'zod'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { decodeFrame, encodeFrame, topicLimits, topics } from '../../../protocol/wire/index.ts'
import type { Topic, TopicLimits } from '../../../protocol/wire/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { hasNodeKey, peerOf } from '../identity.ts'
import type { TransportCounts } from '../metrics.ts'
import { createBuckets } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'
import type { Gossip, Peer, Preset } from '../types.ts'

/** Milliseconds for which the same bytes are the same message. */
const seenMs = 60_000

/**
 * gossipsub as this network runs it. Every message carries its author's signature, so the envelope carries none, and
 * the content's hash is the id.
 */
export function gossipService(
  preset: Preset,
  reputation: Pick<Reputation, 'score'>
): (components: GossipSubComponents) => GossipSub {
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
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: message => createHash('sha256').update(message.topic).update('\0').update(message.data).digest(),
    seenTTL: seenMs,
    allowedTopics: [...topics],
    maxInboundDataLength: Math.max(...topics.map(topic => topicLimits[topic].maxBytes)),
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

export interface GossipDeps {
  pubsub: GossipSub
  reputation: Reputation
  clock: Clock
  log: Log
  counts: TransportCounts
  /** The wire table, or a test's own. */
  limits?: Readonly<Record<Topic, TopicLimits>>
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
  function listen<T>(
    topic: Topic,
    schema: z.ZodType<T>,
    handler: (message: T, from: Peer) => Promise<void> | void
  ): (source: PeerId, message: Message) => Promise<TopicValidatorResult> {
    const limits = table[topic]
    const buckets = createBuckets(limits.quota, clock)
    let pending = 0

    async function judge(source: PeerId, message: Message): Promise<Verdict> {
      const from = source.toString()
      if (!buckets(from).take()) {
        reputation.charge(from, 'rate')
        return 'rate'
      }
      if (pending >= limits.queue) return 'busy'
      pending++
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
        pending--
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
      counts.gossip.inc({ topic, verdict })
      counts.verdictSeconds.observe({ topic }, (clock.now() - began) / 1000)
      if (verdict === 'accept') return TopicValidatorResult.Accept
      return verdict === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
    }
  }

  return {
    subscribe(topic, schema, handler) {
      if (pubsub.topicValidators.has(topic))
        throw new TilthError('gossip.subscribed', `${topic} has its one subscriber already`)
      pubsub.topicValidators.set(topic, listen(topic, schema, handler))
      pubsub.subscribe(topic)
      return () => {
        pubsub.unsubscribe(topic)
        pubsub.topicValidators.delete(topic)
      }
    },
    async publish(topic, message) {
      const { recipients } = await pubsub.publish(topic, encodeFrame(message, table[topic].maxBytes))
      return { recipients: recipients.length }
    },
    subscribers: topic => pubsub.getSubscribers(topic).filter(hasNodeKey).map(peerOf)
  }
}
