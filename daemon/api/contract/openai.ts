import { z } from 'zod'
import { largestPage } from '../../../protocol/primitives/index.ts'
import { decimal, explanation, hash } from './views.ts'

// What of the OpenAI API this daemon understands and answers under /v1, in that API's own forms.

const content = z.union([
  z.string(),
  z
    .array(z.object({ type: z.literal('text'), text: z.string() }))
    .transform(parts => parts.map(part => part.text).join(''))
])

/** What of a request is understood; unknown fields are ignored, as that API's clients send many. */
export const completionRequest = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.enum(['system', 'developer', 'user', 'assistant']), content })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().positive().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  n: z.literal(1).nullish(),
  /** This network's own wishes. */
  /** A wish for privacy counts wherever it stands, and one that is misspelt is refused rather than passed over. */
  private: z.boolean().nullish(),
  tilth: z
    .strictObject({ private: z.boolean().nullish(), explain: z.boolean().nullish(), maxPrice: z.string().nullish() })
    .nullish()
})

/**
 * A list in that API's own way: `after` is the `last_id` of the page before; all models fit one page unless `limit` is
 * said.
 */
export const modelsQuery = z.object({
  limit: z.coerce.number<string | number>().int().min(1).max(largestPage).default(largestPage),
  after: z.string().min(1).max(200).optional()
})
export const modelParam = z.object({ model: z.string().min(1).max(100) })

export const openAiModel = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  tilth: z.object({ id: hash })
})
export const openAiModels = z.object({
  object: z.literal('list'),
  data: z.array(openAiModel),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean()
})

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
const answer = { id: z.string(), created: z.int(), model: z.string() }
const finishReason = z.enum(['stop', 'length'])

/** What an answer cost and its receipts, and on request what it owes to whom. */
const paid = { fee: decimal, receipts: z.array(hash), private: z.boolean() }

export const completion = z.object({
  ...answer,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
      logprobs: z.null(),
      finish_reason: finishReason
    })
  ),
  usage,
  tilth: z.object({ ...paid, explanation: explanation.optional() })
})

/** One event of a streamed answer; the last one is the text `[DONE]`. */
export const completionChunk = z.object({
  ...answer,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.object({
      index: z.int(),
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: z.null(),
      finish_reason: finishReason.nullable()
    })
  ),
  usage: usage.optional(),
  tilth: z.union([z.object(paid), z.object({ explanation })]).optional()
})
