import { z } from 'zod'
import { splitParts } from '../../../protocol/primitives/split.ts'
import { chosenLogprob } from './logprobs.ts'
import { addressView, decimal, explanation, hash } from './views.ts'

/** A row of a version: its contribution, and its place in the shard. */
export const source = z.object({ contribution: hash, row: z.int() })
export type Source = z.infer<typeof source>

/** What a step of an agent came to, and who has which part of its fee. */
export const stepView = z.object({
  name: z.string(),
  model: hash,
  modelName: z.string(),
  workers: z.array(addressView),
  inputTokens: z.int(),
  outputTokens: z.int(),
  fee: decimal,
  receipts: z.array(hash),
  builder: addressView,
  datanet: z.string(),
  split: splitParts,
  upstream: hash.optional()
})
export type StepView = z.infer<typeof stepView>
export const askEvent = z.discriminatedUnion('kind', [
  /** `tokens`: how many of the answer's have come with this text. */
  z.object({
    kind: z.literal('text'),
    text: z.string(),
    tokens: z.int().optional(),
    logprobs: z.array(chosenLogprob).optional()
  }),
  /** Which worker answers from here on, what it has read and at which prices: what it costs as it grows. */
  z.object({
    kind: z.literal('worker'),
    worker: addressView,
    reason: z.string().optional(),
    inputTokens: z.int().optional(),
    inputPrice: decimal.optional(),
    outputPrice: decimal.optional()
  }),
  /** Of an agent: which of its steps is asked from here on. */
  z.object({ kind: z.literal('step'), name: z.string(), model: hash, number: z.int(), of: z.int() }),
  z.object({
    kind: z.literal('done'),
    text: z.string(),
    finish: z.string(),
    inputTokens: z.int(),
    outputTokens: z.int(),
    fee: decimal,
    /** The part of the fee without a receipt: prompts that were paid before an answer, of which none came. */
    ahead: decimal.optional(),
    receipts: z.array(hash),
    /** Rows that were put before the question, where some were asked for: its worker's word. */
    sources: z.array(source).optional(),
    /** Of an agent: what each step came to and how its fee is divided; the agent's own is the last, called `fee`. */
    steps: z.array(stepView).optional()
  }),
  explanation.extend({ kind: z.literal('explanation') }),
  z.object({ kind: z.literal('error'), code: z.string(), message: z.string(), help: z.string().optional() })
])
export type AskEvent = z.infer<typeof askEvent>
