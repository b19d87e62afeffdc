import type { ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { mostContextRows } from '../../../protocol/data/retrieval.ts'
import { chatRole } from '../../../protocol/data/types.ts'
import { mostTurnCharacters, mostTurns, route } from '../../../protocol/models/index.ts'
import { exactTokenText, tokensIn } from '../../../protocol/primitives/index.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { hedge } from '../../api/contract/asking.ts'
import { streamAnswer } from '../../api/contract/index.ts'
import { found } from '../tool.ts'
import type { Tool } from '../tool.ts'

const text = z.string().min(1).max(mostTurnCharacters)
const input = z.strictObject({
  model: z.string().min(1).max(100).describe('name or id of a model, as the tool `models` lists them'),
  question: text.describe('what is asked'),
  system: text.optional().describe('a system message'),
  history: z
    .array(z.strictObject({ role: chatRole, content: text }))
    .max(mostTurns - 2)
    .default([])
    .describe('what was said before'),
  maxTokens: z.int().min(1).max(4096).default(256).describe('length of the answer at most, in tokens'),
  temperature: z.number().min(0).max(2).default(0).describe('0 is greedy: the same answer each time'),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  maxPrice: z
    .string()
    .refine(amount => tokensIn(amount) !== undefined, 'must be an amount of tokens such as 2 or 0.5')
    .optional()
    .describe('most that the answer may cost, in tokens such as "0.05"; the owner’s own limits hold besides'),
  context: z
    .int()
    .min(1)
    .max(mostContextRows)
    .optional()
    .describe('rows of its Datanet that are put before the question: those that say something about it'),
  route: route.optional().describe('which workers may be asked, by address, and in which order; any, unless given'),
  hedge: hedge.optional().describe('after how many milliseconds without a token a second worker is asked'),
  private: z.boolean().default(false).describe('nobody but the worker that answers ever sees it')
})

/** Milliseconds from one word about the progress of an answer to the next. */
const progressMs = 1_000

/** Tells a client that asked to be told how many tokens of the answer are there. */
function progressOf(context: ServerContext, total: number): (tokens: number) => void {
  const progressToken = context.mcpReq._meta?.progressToken
  let [progress, last] = [0, 0]
  return tokens => {
    progress += tokens
    if (progressToken === undefined || Date.now() - last < progressMs) return
    last = Date.now()
    // Who does not hear of the progress hears of the end.
    context.mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken, progress, total } })
      .catch(() => undefined)
  }
}

export const askTool = (api: ApiClient): Tool<typeof input> => ({
  name: 'ask',
  title: 'Ask a model',
  description:
    'Asks a model of the network, and pays its worker per token. The answer comes with what it cost and its receipt, ' +
    'by which `trace` shows whose data it owes to. Cancelling ends the answer; what came by then is paid.',
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
  async run({ question, system, history, maxPrice, ...rest }, context) {
    const most = maxPrice === undefined ? undefined : tokensIn(maxPrice)
    const tell = progressOf(context, rest.maxTokens)
    const answer = await streamAnswer(
      api,
      {
        ...rest,
        messages: [
          ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
          ...history,
          { role: 'user', content: question }
        ],
        ...(most === undefined ? {} : { maxPrice: most.toString() })
      },
      (_text, tokens) => tell(tokens),
      { enough: context.mcpReq.signal, hangUp: new AbortController().signal }
    )
    const { text: said, finish, inputTokens, outputTokens, fee, receipts, sources } = answer
    return found(said, {
      finish,
      inputTokens,
      outputTokens,
      fee: exactTokenText(BigInt(fee)),
      receipts,
      ...(sources === undefined ? {} : { sources })
    })
  }
})
