import { z } from 'zod'
import { mostCalls } from '../../../protocol/form/index.ts'
import { route } from '../../../protocol/models/pick.ts'
import { hedge } from './asking.ts'
import { mostLogprobs } from '../../../protocol/models/types.ts'
import { largestPage } from '../../../protocol/primitives/index.ts'
import { source } from './ask-events.ts'
import { decimal, explanation, hash } from './views.ts'

// What of the OpenAI API this daemon understands and answers under /v1, in that API's own forms.

/** One part of a message: text is read, what else there may be is refused by its type. */
const part = z.looseObject({ type: z.string().max(100), text: z.string().nullish(), refusal: z.string().nullish() })
const calledFunction = z.looseObject({ name: z.string(), arguments: z.string().nullish() })

/** A call of another kind than a function's has a text for its arguments. */
const toolCalled = z.looseObject({
  type: z.string().max(100).nullish(),
  function: calledFunction.nullish(),
  custom: z.looseObject({ name: z.string(), input: z.string().nullish() }).nullish()
})

/** A turn as clients keep it: also one that called tools, one that a tool answered, one without a word. */
const turn = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(part)]).nullish(),
  refusal: z.string().nullish(),
  audio: z.looseObject({}).nullish(),
  tool_calls: z.array(toolCalled).nullish(),
  function_call: calledFunction.nullish()
})

/** Answers to one question, at most: each is asked and paid for by itself. */
export const mostChoices = 8

/** How an answer is wished for. Numbers beyond what is possible are brought back to it, as clients send many. */
const wishes = {
  model: z.string().min(1).max(200),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.number().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  /** Not of that API, but of many that are called like it. */
  top_k: z.number().nullish(),
  seed: z.number().refine(Number.isInteger, 'must be a whole number').meta({ type: 'integer' }).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  n: z.int().min(1).max(mostChoices).nullish(),
  /** This network's own wishes. */
  /** A wish for privacy counts wherever it stands, and one that is misspelt is refused rather than passed over. */
  private: z.boolean().nullish(),
  tilth: z
    .strictObject({
      private: z.boolean().nullish(),
      explain: z.boolean().nullish(),
      maxPrice: z.string().nullish(),
      context: z.int().min(1).nullish(),
      route: route.nullish(),
      hedge: hedge.nullish()
    })
    .nullish()
}

/** A function that the model may call, its arguments by a JSON schema. */
const tool = z.looseObject({
  type: z.string().max(100),
  function: z
    .looseObject({
      name: z.string().regex(/^[\w-]{1,64}$/, 'must be of letters, digits, - and _, at most 64'),
      description: z.string().nullish(),
      strict: z.boolean().nullish(),
      parameters: z.record(z.string(), z.unknown()).nullish()
    })
    .nullish()
})
const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({
    type: z.string().max(100),
    function: z.looseObject({ name: z.string() }).nullish(),
    /** Some of the tools, of which one has to be called or may be. */
    allowed_tools: z
      .looseObject({
        mode: z.enum(['auto', 'required']),
        tools: z
          .array(z.looseObject({ type: z.string(), function: z.looseObject({ name: z.string() }).nullish() }))
          .max(mostCalls)
      })
      .nullish()
  })
])
const responseFormat = z.looseObject({
  type: z.string().max(100),
  json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()).nullish() }).nullish()
})

/**
 * What of a request is understood. Of other fields those that would change what is answered are refused by their
 * names (`server/openai/unsupported.ts`), the rest is ignored.
 */
export const completionRequest = z.looseObject({
  ...wishes,
  messages: z.array(turn).min(1).max(1_000),
  max_completion_tokens: z.number().nullish(),
  tools: z.array(tool).max(mostCalls).nullish(),
  tool_choice: toolChoice.nullish(),
  response_format: responseFormat.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(mostLogprobs).nullish()
})
export type CompletionRequest = z.output<typeof completionRequest>

/** The older form: each prompt is a question of its own. */
export const textCompletionRequest = z.looseObject({
  ...wishes,
  prompt: z.union(
    [z.string().min(1), z.array(z.string().min(1)).min(1).max(mostChoices)],
    `must be a text that is not empty, or a list of 1 to ${mostChoices} such texts`
  )
})
export type TextCompletionRequest = z.output<typeof textCompletionRequest>

/**
 * A list in that API's own way: `after` is the `last_id` of the page before; all models fit one page unless `limit` is
 * said.
 */
export const modelsQuery = z.object({
  limit: z.coerce.number<string | number>().int().min(1).max(largestPage).default(largestPage),
  after: z.string().min(1).max(200).optional()
})
export const modelParam = z.object({ model: z.string().min(1).max(200) })

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

/** Of all answers to a question together; each reads the question anew. */
const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
const answer = { id: z.string(), created: z.int(), model: z.string() }
const finishReason = z.enum(['stop', 'length'])
const chatFinishReason = z.enum(['stop', 'length', 'tool_calls'])

/**
 * Who a part of the fee goes to. What each contributor's rows made of the answer is known at once where it was asked
 * for (`explain`), by its worker's word; else scorers find it later: `/api/receipts/ID`.
 */
const credit = z.object({
  as: z.enum(['worker', 'builder', 'data', 'upstream']),
  /** Who answered, or who registered the model; of data the Datanet, of upstream the model that it was grown from. */
  account: z.string(),
  /** Of the fee, in basis points. */
  share: z.int(),
  /** Of an agent: which of its steps this is a part of, and the fee that the share is of. */
  step: z.string().optional(),
  of: decimal.optional(),
  contributors: z.array(z.object({ account: z.string(), weight: decimal })).optional()
})
export type Credit = z.infer<typeof credit>

/** What an answer cost, its receipts and who is paid by it, and on request what it owes to whom. */
const paid = z.object({
  fee: decimal,
  receipts: z.array(hash),
  private: z.boolean(),
  credits: z.array(credit),
  /** Rows that were put before the question, by the worker's word. */
  sources: z.array(source).optional(),
  explanation: explanation.optional()
})
export type Paid = z.infer<typeof paid>

const choice = { index: z.int() }
const token = { token: z.string(), logprob: z.number(), bytes: z.array(z.int()) }
/** The worker's word. */
const logprobs = z
  .object({
    content: z.array(z.object({ ...token, top_logprobs: z.array(z.object(token)) })),
    refusal: z.null()
  })
  .nullable()
const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() })
})

export const completion = z.object({
  ...answer,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.object({
      ...choice,
      message: z.object({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        tool_calls: z.array(toolCall).optional()
      }),
      logprobs,
      finish_reason: chatFinishReason
    })
  ),
  usage,
  tilth: paid
})

/** One event of a streamed answer; the last one is the text `[DONE]`. */
export const completionChunk = z.object({
  ...answer,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.object({
      ...choice,
      delta: z.object({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        tool_calls: z.array(toolCall.extend({ index: z.int() })).optional()
      }),
      logprobs,
      finish_reason: chatFinishReason.nullable()
    })
  ),
  usage: usage.nullish(),
  tilth: paid.optional()
})

/** An answer in the older form, or one event of it. */
export const textCompletion = z.object({
  ...answer,
  object: z.literal('text_completion'),
  choices: z.array(
    z.object({ ...choice, text: z.string(), logprobs: z.null(), finish_reason: finishReason.nullable() })
  ),
  usage: usage.nullish(),
  tilth: paid.optional()
})
