import fc from 'fast-check'
import type { z } from 'zod'
import { contributionMessage, datanetMessage, keysReply, keysRequest } from '../../../protocol/data/index.ts'
import {
  awardKeysReply,
  awardKeysRequest,
  awardStatus,
  declineReport,
  jobMessage,
  workerReport
} from '../../../protocol/jobs/index.ts'
import {
  clientFrame,
  modelsMessage,
  offersAnswer,
  offersQuestion,
  overAnswer,
  overQuestion,
  workerFrame
} from '../../../protocol/models/index.ts'
import {
  contentReply,
  contentRequest,
  explainReply,
  explainRequest,
  payoutMessage,
  receiptsReply,
  receiptsRequest,
  scoringsPage,
  scoringsRequest
} from '../../../protocol/payouts/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import {
  decodeFrame,
  maxValues,
  neighboursAnswer,
  neighboursQuestion,
  reachAnswer,
  reachQuestion,
  runsAnswer,
  runsQuestion,
  streamLimits,
  topicLimits
} from '../../../protocol/wire/index.ts'
import type { Protocol, TopicFamily } from '../../../protocol/wire/index.ts'
import { syncReply, syncRequest } from '../../../node/data/exchange/index.ts'
import { sealReply, sealRequest } from '../../../node/data/host/seals.ts'
import { hiddenReply, hiddenRequest } from '../../../node/data/questions/told.ts'
import { target } from '../kit/target.ts'
import type { Case, Target } from '../kit/target.ts'
import { validOf } from '../kit/valid.ts'
import { wrongBytes } from '../kit/wrong-bytes.ts'
import { wrongJson } from '../kit/wrong-json.ts'

/** What is said on each topic: a topic that is added does not compile without its row. */
export const messages = {
  'tilth/data/1': datanetMessage,
  'tilth/data/1/+': contributionMessage,
  'tilth/jobs/1': jobMessage,
  'tilth/models/1': modelsMessage,
  'tilth/payouts/1': payoutMessage
} as const satisfies Record<TopicFamily, z.ZodType>

/** What either side says on each protocol's streams. */
export const frames = {
  '/tilth/peers/reach/1': { question: reachQuestion, answer: reachAnswer },
  '/tilth/peers/neighbours/1': { question: neighboursQuestion, answer: neighboursAnswer },
  '/tilth/peers/runs/1': { question: runsQuestion, answer: runsAnswer },
  '/tilth/data/sync/1': { question: syncRequest, answer: syncReply },
  '/tilth/data/seal/1': { question: sealRequest, answer: sealReply },
  '/tilth/data/hidden/1': { question: hiddenRequest, answer: hiddenReply },
  '/tilth/data/keys/1': { question: keysRequest, answer: keysReply },
  '/tilth/jobs/keys/1': { question: awardKeysRequest, answer: awardKeysReply },
  '/tilth/jobs/progress/1': { question: workerReport, answer: awardStatus },
  '/tilth/jobs/decline/1': { question: declineReport },
  '/tilth/models/offers/1': { question: offersQuestion, answer: offersAnswer },
  '/tilth/models/over/1': { question: overQuestion, answer: overAnswer },
  '/tilth/models/infer/1': { question: clientFrame, answer: workerFrame },
  '/tilth/payouts/receipts/1': { question: receiptsRequest, answer: receiptsReply },
  '/tilth/payouts/scorings/1': { question: scoringsRequest, answer: scoringsPage },
  '/tilth/payouts/content/1': { question: contentRequest, answer: contentReply },
  '/tilth/payouts/explain/1': { question: explainRequest, answer: explainReply }
} as const satisfies Record<Protocol, Record<string, z.ZodType>>

const encoder = new TextEncoder()

/** The one text that a value has on the wire; of what has none, JSON's. */
export function bytesOf(value: unknown): Uint8Array {
  try {
    return encoder.encode(canonicalJson(value))
  } catch {
    return encoder.encode(JSON.stringify(value) ?? '')
  }
}

/** Frames with something wrong in their value, or in their bytes. */
export const wrongFrames = (good: fc.Arbitrary<unknown>): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { arbitrary: wrongJson(good).map(bytesOf), weight: 4 },
    { arbitrary: wrongBytes(good.map(bytesOf)), weight: 1 }
  )

/** Made from the shape alone: whether it also keeps the rules beyond that is the schema's to say. */
export const asGood = (schema: z.ZodType, value: unknown): Case<Uint8Array> => ({
  isGood: schema.safeParse(value).success,
  input: bytesOf(value)
})

const decoding = (name: string, schema: z.ZodType, maxBytes: number, canonical: boolean): Target => {
  const good = validOf(schema)
  return target({
    name,
    cases: fc.oneof(
      { arbitrary: good.map(value => asGood(schema, value)), weight: 1 },
      { arbitrary: wrongFrames(good).map(input => ({ isGood: false, input })), weight: 5 }
    ),
    read: (bytes: Uint8Array) => decodeFrame(bytes, schema, maxBytes, { canonical, mostValues: maxValues })
  })
}

const fillers = ['[]', '{}', '0', '""', 'null', '"\\u0000"', '{"a":0}', '[[[[[[[[]]]]]]]]', '1e308', '-0.000001']

/** Lists of a value, by what holds them. */
function listsIn(value: unknown): unknown[][] {
  if (typeof value !== 'object' || value === null) return []
  return [...(Array.isArray(value) ? [value as unknown[]] : []), ...Object.values(value).flatMap(listsIn)]
}

/** As large as may be: one list of a good message has as many items as fit, good ones or such that cost to read. */
const filled = (good: fc.Arbitrary<unknown>, maxBytes: number): fc.Arbitrary<Uint8Array> =>
  fc.tuple(good, fc.nat(), fc.constantFrom(...fillers, undefined)).map(([value, at, filler]) => {
    const copy = structuredClone(value)
    const lists = listsIn(copy)
    const list = lists[at % Math.max(1, lists.length)]
    const item = filler ?? (list?.[0] === undefined ? '0' : canonicalJson(list[0]))
    const mark = '"the list to fill"'
    list?.splice(0, list.length, 'the list to fill')
    const text = list === undefined ? `[${mark}]` : canonicalJson(copy)
    const room = maxBytes - Buffer.byteLength(text)
    const items = Array.from({ length: Math.max(1, Math.floor(room / (Buffer.byteLength(item) + 1))) }, () => item)
    return encoder.encode(text.replace(mark, () => items.join(',')))
  })

const largest = (name: string, schema: z.ZodType, maxBytes: number, canonical: boolean): Target =>
  target({
    name: `${name}, as large as may be`,
    cases: filled(validOf(schema), maxBytes).map(input => ({ isGood: false, input })),
    read: (bytes: Uint8Array) => decodeFrame(bytes, schema, maxBytes, { canonical, mostValues: maxValues }),
    weight: Math.max(1, maxBytes >> 11)
  })

export const wireTargets: readonly Target[] = [
  ...Object.entries(messages).flatMap(([topic, schema]) => {
    const { maxBytes } = topicLimits[topic as TopicFamily]
    return [decoding(topic, schema, maxBytes, true), largest(topic, schema, maxBytes, true)]
  }),
  ...Object.entries(frames).flatMap(([protocol, sides]) =>
    Object.entries(sides as Record<string, z.ZodType>).flatMap(([side, schema]) => {
      const { maxBytes } = streamLimits[protocol as Protocol]
      const name = `${protocol} ${side}`
      return [decoding(name, schema, maxBytes, false), largest(name, schema, maxBytes, false)]
    })
  )
]
