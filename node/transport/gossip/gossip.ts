import { createHash } from 'node:crypto'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { GossipSub, Message, TopicValidatorFn } from '@libp2p/gossipsub'
import type { TopicScoreParams } from '@libp2p/gossipsub/score'
import type { PeerId } from '@libp2p/interface'
import type { z } from 'zod'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import {
  decodeFrame,
  encodeFrame,
  familyOf,
  freshSeconds,
  isOfLater,
  maxValues,
  mayBeNewer,
  openEnvelope,
  sayerOf,
  sealEnvelope,
  topicFamilies,
  topicLimits
} from '../../../protocol/wire/index.ts'
import type { Quota, Topic, TopicFamily, TopicLimits } from '../../../protocol/wire/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { hasNodeKey, peerOf } from '../identity.ts'
import type { TransportCounts } from '../metrics.ts'
import { createBucket, createBuckets } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'
import type { Gossip, Peer } from '../types.ts'
import { createRepeats } from './repeats.ts'
import { topicScore } from './service.ts'
import { createSkewMeter } from './skew.ts'
import type { ClockSkew } from './skew.ts'
import { createTwinWatch } from './twin.ts'

/** The table of topics that gossipsub scores: public in its class and left out of its interface. */
const scores = (pubsub: GossipSub): Record<string, TopicScoreParams> =>
  (pubsub as GossipSub & { score: { params: { topics: Record<string, TopicScoreParams> } } }).score.params.topics

export interface GossipDeps {
  pubsub: GossipSub
  /** The node's key: it signs what it says. */
  key: Uint8Array
  reputation: Reputation
  clock: Clock
  log: Log
  counts: TransportCounts
  /** The wire table, or a test's own. */
  limits?: Readonly<Record<TopicFamily, TopicLimits>>
  /** Somebody else speaks with the node's key. */
  onTwin?: () => void
  /** Until when a run before may have spoken with it, in seconds since 1970. */
  spokenBefore?: number
}

/**
 * How many times the allowance of one neighbour a node takes from all of them together, and so the most that it ever
 * passes on. A neighbour that sends twice that is no relayer but a flooder; below it, what is too much is only dropped,
 * for whoever relays cannot know how much of it the next one has room for.
 */
export const relayed = 8
export const flood = 2 * relayed
const times = ({ perSecond, burst }: Quota, factor: number): Quota => ({
  perSecond: factor * perSecond,
  burst: factor * burst
})

/**
 * Of a sayer's share, so much a node takes by itself: whoever hears it counts by another clock. What is more it does
 * not say, since nobody would hear it and each neighbour would hold it against a worker that answers forty a second.
 */
const ownShare = 0.9

/** A handler was in time: the same each time, since a trace of it would say nothing. */
const inTime = new DOMException('the handler was in time', 'AbortError')

/**
 * `stale`: said at another time than now; `repeat`: the same was passed on a moment ago; `newer`: a later version may
 * know what it means. All three are ignored.
 */
type Verdict = 'accept' | 'ignore' | 'reject' | 'rate' | 'busy' | 'time' | 'stale' | 'repeat' | 'newer'

/**
 * Bytes of what only a later version may understand that one neighbour may bring: who relays what newer nodes say is no
 * offender, and who makes it up has read as little here as that. Beyond it each such message costs something.
 */
export const newerBytes: Quota = { perSecond: 64 << 10, burst: 8 << 20 }
const tellNewerMs = 3_600_000

/** Content as it is remembered: the same on another topic is another. */
const nameOf = (topic: Topic, hash: Uint8Array): string => `${topic}/${Buffer.from(hash).toString('base64')}`
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/**
 * The one adapter between gossip and handlers: opens envelopes, decodes, limits, turns an error's consequence into
 * verdict, score, log and metric.
 */
export function createGossip({
  pubsub,
  key,
  reputation,
  clock,
  log,
  counts,
  limits: table = topicLimits,
  onTwin = () => undefined,
  spokenBefore
}: GossipDeps): Gossip & { skew: () => ClockSkew } {
  const skew = createSkewMeter(clock, log)
  const self = addressOfKey(key)
  /** What this process has said, for as long as it may come back. */
  const own = createRepeats(2 * freshSeconds * 1000, clock)
  const heardOwn = createTwinWatch(clock, onTwin, spokenBefore)
  // A family's topics share one allowance: what a stranger can ask of us does not grow with the Datanets we follow.
  const allowanceOf = (limits: TopicLimits) => ({
    each: createBuckets(limits.quota, clock),
    all: createBucket(times(limits.quota, relayed), clock),
    floods: createBuckets(times(limits.quota, flood), clock),
    sayers: createBuckets(limits.sayer, clock),
    mine: createBucket(times(limits.sayer, ownShare), clock),
    said: createRepeats(limits.repeatMs, clock),
    judging: new Set<string>() // as many as the queue holds
  })
  const later = createBuckets(newerBytes, clock)
  let toldNewer = -Infinity
  const families = Object.fromEntries(topicFamilies.map(family => [family, allowanceOf(table[family])])) as Record<
    TopicFamily,
    ReturnType<typeof allowanceOf>
  >
  // [ignore] What is said on a topic that this node does not hear: honest neighbours send none of it.
  const heard = new Map<string, TopicValidatorFn>()
  const schemas = new Map<string, z.ZodType>()
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
    const { each, all, floods, sayers, said, judging } = families[family]

    async function judge(source: PeerId, message: Message): Promise<Verdict> {
      const from = source.toString()
      // [reject] More than any relayer passes on.
      if (!floods(from).take()) {
        reputation.charge(from, 'rate')
        return 'rate'
      }
      // [ignore] More than one neighbour's share, or than this node takes from all of them.
      if (!each(from).take() || !all.take()) return 'rate'
      if (judging.size >= limits.queue) return 'busy'
      let content: string | undefined
      try {
        const envelope = openEnvelope(message.data)
        skew.heard(from, envelope.at)
        // [ignore] A message is of now: an old one is over, and one of the future would come back at its time.
        if (Math.abs(clock.now() / 1000 - envelope.at) > freshSeconds) return 'stale'
        const hash = sha256(envelope.content)
        const name = nameOf(topic, hash)
        // [ignore] What was passed on a moment ago, or is being judged, is not passed on again.
        if (said.recent(name) || judging.has(name)) return 'repeat'
        const sayer = sayerOf(topic, envelope, hash)
        // [reject] Whoever says it has signed content, topic and time.
        if (sayer === undefined) throw new InvalidError('gossip.signature', 'nobody signed the envelope')
        if (sayer === self && !own.recent(name)) heardOwn(envelope.at)
        // [ignore] A sayer has its share of everybody's line. Whoever passed it on may have counted otherwise.
        if (!sayers(sayer).take()) {
          if (sayer === peerOf(source).address) reputation.charge(from, 'rate')
          return 'rate'
        }
        if (isOfLater(envelope)) return newer(from, message.data)
        const value = decodeFrame(envelope.content, schema, limits.maxBytes, {
          canonical: true,
          mostValues: maxValues
        })
        content = name
        judging.add(content)
        const verdict = await handled(value, peerOf(source))
        if (verdict === 'accept') said.passedOn(content)
        return verdict
      } catch (error) {
        return mayBeNewer(error) ? newer(from, message.data) : blame(from, error)
      } finally {
        if (content !== undefined) judging.delete(content)
      }
    }

    /** [ignore] What may be of a later version: who brings it may be as honest as ever. */
    function newer(from: string, data: Uint8Array): Verdict {
      const left = later(from)
      if (left.wait() > 0) reputation.charge(from, 'newer')
      else left.spend(data.length)
      if (clock.now() - toldNewer >= tellNewerMs) {
        toldNewer = clock.now()
        log.info('peers say what this version does not know', { topic, help: 'There may be a later release.' })
      }
      return 'newer'
    }

    async function handled(value: T, from: Peer): Promise<Verdict> {
      const late = new AbortController()
      const timeout = clock.sleep(limits.timeMs, late.signal).then((): Verdict => 'time')
      const done = (async (): Promise<Verdict> => {
        await handler(value, from)
        return 'accept'
      })()
      timeout.catch(() => undefined) // it is aborted when the handler was in time
      done.catch((error: unknown) => {
        if (late.signal.aborted) log.debug('a message failed after its time', { topic, error })
      })
      try {
        return await Promise.race([done, timeout])
      } finally {
        late.abort(inTime)
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

  /** What is said of it from now on is a repetition. @returns its name, and what it is sent as */
  function passedOn(topic: Topic, content: Uint8Array): { name: string; hash: Uint8Array } {
    const hash = sha256(content)
    const name = nameOf(topic, hash)
    families[familyOf(topic)].said.passedOn(name)
    return { name, hash }
  }

  return {
    subscribe(topic, schema, handler) {
      if (heard.has(topic)) throw new TilthError('gossip.subscribed', `${topic} has its one subscriber already`)
      // Scores of a topic stay: gossipsub looks them up for as long as it remembers a peer of it.
      scores(pubsub)[topic] ??= topicScore
      heard.set(topic, listen(topic, schema, handler))
      schemas.set(topic, schema)
      pubsub.subscribe(topic)
      return () => {
        pubsub.unsubscribe(topic)
        heard.delete(topic)
        schemas.delete(topic)
      }
    },
    async publish(topic, message) {
      const family = familyOf(topic)
      const content = encodeFrame(message, table[family].maxBytes)
      // Others hold against this node what they cannot read: a mistake of ours stays here, as an error of its maker's.
      const schema = schemas.get(topic)
      if (schema !== undefined) decodeFrame(content, schema, table[family].maxBytes, { mostValues: maxValues })
      if (!families[family].mine.take()) {
        counts.gossip.inc({ topic: family, verdict: 'unsaid' })
        return { recipients: 0 }
      }
      // Neighbours' copies of it come back to us: they are known.
      const { name, hash } = passedOn(topic, content)
      own.passedOn(name)
      const at = Math.floor(clock.now() / 1000)
      const { recipients } = await pubsub.publish(topic, sealEnvelope(topic, { content, hash }, at, key))
      return { recipients: recipients.length }
    },
    known(topic, message) {
      passedOn(topic, encodeFrame(message, table[familyOf(topic)].maxBytes))
    },
    skew: skew.measured,
    subscribers: topic => pubsub.getSubscribers(topic).filter(hasNodeKey).map(peerOf)
  }
}
