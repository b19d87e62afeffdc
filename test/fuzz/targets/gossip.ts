import { createHash } from 'node:crypto'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { GossipSub, Message } from '@libp2p/gossipsub'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import type { z } from 'zod'
import { InvalidError, foreignCode } from '../../../protocol/primitives/index.ts'
import { freshSeconds, sealEnvelope } from '../../../protocol/wire/index.ts'
import type { Topic, TopicFamily } from '../../../protocol/wire/index.ts'
import { createMetrics, manualClock } from '../../../node/runtime/index.ts'
import type { Log } from '../../../node/runtime/index.ts'
import { createGossip } from '../../../node/transport/gossip/gossip.ts'
import { libp2pKey } from '../../../node/transport/identity.ts'
import { createReputation } from '../../../node/transport/limits/reputation.ts'
import { transportCounts } from '../../../node/transport/metrics.ts'
import { target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { validOf } from '../kit/valid.ts'
import { asGood, messages, wrongFrames } from './wire.ts'

// What neighbours bring on a topic, one after another: good messages and wrong ones, said now, long ago or later, said
// again, by others, in envelopes that are whole or not.

const keys = [1, 2, 3].map(n => new Uint8Array(32).fill(n))
const neighbours = keys.map(key => peerIdFromPrivateKey(libp2pKey(key)))

interface Step {
  readonly content: Uint8Array
  readonly isGood: boolean
  readonly from: number
  readonly sayer: number
  /** Seconds from now at which it says that it is said. */
  readonly at: number
  /** What was brought this many steps ago, once more. */
  readonly again: number | undefined
  /** What happens to the envelope on its way. */
  readonly spoil: ((bytes: Uint8Array) => Uint8Array) | undefined
  readonly passedMs: number
}

const steps = (schema: z.ZodType): fc.Arbitrary<Step[]> => {
  const good = validOf(schema)
  const said = fc.oneof(
    good.map(value => asGood(schema, value)).map(({ isGood, input }) => ({ isGood, content: input })),
    wrongFrames(good).map(content => ({ isGood: false, content }))
  )
  const step = fc
    .tuple(
      said,
      fc.record({
        from: fc.nat(keys.length - 1),
        sayer: fc.nat(keys.length - 1),
        at: fc.oneof(
          { arbitrary: fc.constant(0), weight: 3 },
          fc.integer({ min: -2 * freshSeconds, max: 2 * freshSeconds })
        ),
        again: fc.option(fc.nat(4), { nil: undefined, freq: 4 }),
        spoil: fc.option(
          fc.tuple(fc.nat(), fc.nat(255)).map(
            ([at, by]) =>
              (bytes: Uint8Array): Uint8Array =>
                bytes.with(at % bytes.length, by)
          ),
          { nil: undefined, freq: 6 }
        ),
        passedMs: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, fc.nat(120_000))
      })
    )
    .map(([one, how]) => ({ ...one, ...how }))
  return fc.array(step, { minLength: 1, maxLength: 8 })
}

class Broken extends Error {}

/** Gossip over a mesh of this test's own. */
function world(topic: Topic, schema: z.ZodType) {
  const clock = manualClock()
  const faults: unknown[] = []
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message, details) => faults.push([message, details]),
    child: () => log
  }
  const pubsub = {
    topicValidators: new Map<string, unknown>(),
    score: { params: { topics: {} } },
    subscribe: () => undefined,
    unsubscribe: () => undefined
  } as unknown as GossipSub
  const reputation = createReputation(clock, () => undefined)
  const gossip = createGossip({
    pubsub,
    key: keys[0] ?? new Uint8Array(32),
    reputation,
    clock,
    log,
    counts: transportCounts(createMetrics())
  })
  let heard = 0
  gossip.subscribe(topic, schema, () => {
    heard++
    // A service's rules refuse some of what has the right shape.
    if (heard % 3 === 0) throw new InvalidError(foreignCode('test.rule'), 'against a rule')
  })
  return { clock, faults, validate: pubsub.topicValidators.get(topic), heard: () => heard }
}

const verdicts = new Set<unknown>([
  TopicValidatorResult.Accept,
  TopicValidatorResult.Ignore,
  TopicValidatorResult.Reject
])

async function bring(topic: Topic, schema: z.ZodType, all: readonly Step[]): Promise<void> {
  const { clock, faults, validate, heard } = world(topic, schema)
  const brought: Uint8Array[] = []
  for (const { content, from, sayer, at, again, spoil, passedMs, isGood } of all) {
    await clock.advance(passedMs)
    const hash = createHash('sha256').update(content).digest()
    const said = Math.floor(clock.now() / 1000) + at
    const sealed = sealEnvelope(topic, { content, hash }, said, keys[sayer] ?? new Uint8Array(32))
    const before = again === undefined ? undefined : brought.at(-1 - again)
    const data = before ?? (spoil === undefined ? sealed : spoil(sealed))
    brought.push(data)
    const known = heard()
    const verdict = await validate?.(neighbours[from]!, { topic, data } as unknown as Message)
    if (!verdicts.has(verdict)) throw new Broken(`a message has the verdict ${String(verdict)}`)
    if (faults.length > 0) throw new Broken(`a handler failed: ${JSON.stringify(faults)}`)
    const isFresh = Math.abs(at) < freshSeconds && before === undefined && spoil === undefined
    const isHeard = heard() > known
    if (verdict === TopicValidatorResult.Accept && !isHeard) throw new Broken('what nobody has read is passed on')
    if (!isFresh && Math.abs(at) > freshSeconds && before === undefined && spoil === undefined && isHeard)
      throw new Broken('what is not of now was heard')
    if (isGood && isFresh && !isHeard && brought.length === 1) throw new Broken('what is good and new was not heard')
  }
}

export const gossipTargets: readonly Target[] = Object.entries(messages).map(([family, schema]) => {
  const topic = family.replace('+', `0x${'da'.repeat(32)}`) as Topic
  return target({
    name: `gossip on ${family as TopicFamily}`,
    cases: steps(schema).map(input => ({ isGood: true, input })),
    read: (all: readonly Step[]) => bring(topic, schema, all),
    weight: 10
  })
})
