import type { z } from 'zod'
import { RefusedError, readAs } from '../../../../protocol/primitives/index.ts'
import { askRequest } from '../../contract/index.ts'
import type { CompletionRequest, TextCompletionRequest } from '../../contract/index.ts'
import type { Message } from './history.ts'

export type Question = z.output<typeof askRequest>

type Wishes = Pick<
  CompletionRequest & TextCompletionRequest,
  'max_tokens' | 'temperature' | 'top_p' | 'top_k' | 'seed' | 'stop' | 'n' | 'private' | 'tilth'
>

/** What the network takes. Temperatures above two are noise: that API's clients mean no more. */
const most = { tokens: 4096, temperature: 2, topK: 1000 } as const
/** A nucleus of nothing means the likeliest token alone. */
const leastTopP = 1e-6

const within = (value: number, least: number, greatest: number): number => Math.min(greatest, Math.max(least, value))

/** So many tokens; all that may be for a negative number, as −1 says elsewhere. */
const tokensOf = (wanted: number | null | undefined): number | undefined =>
  wanted === null || wanted === undefined
    ? undefined
    : wanted < 0
      ? most.tokens
      : within(Math.floor(wanted), 1, most.tokens)

const topKOf = (wanted: number | null | undefined): number | undefined =>
  wanted === null || wanted === undefined ? undefined : within(Math.floor(wanted), 0, most.topK)

const stopsOf = (stop: Wishes['stop']): string[] | undefined =>
  stop === null || stop === undefined ? undefined : [stop].flat().filter(text => text !== '')

/** Fields of a question by their names in that API. */
const theirNames: Record<string, string> = { maxTokens: 'max_tokens', topP: 'top_p', topK: 'top_k' }

/** @throws RefusedError with the names that the caller used */
function checked(value: unknown): Question {
  try {
    return readAs(askRequest, value, 'request.invalid')
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new RefusedError(
      error.code,
      error.refusals.map(refusal => ({ ...refusal, path: refusal.path.map(part => theirNames[part] ?? part) }))
    )
  }
}

/**
 * One question for each answer that is wished for; with a seed each has its own, from that one on.
 * @throws RefusedError `request.invalid`
 */
export function questionsOf(
  model: string,
  messages: readonly Message[],
  body: Wishes,
  about: Pick<Question, 'form' | 'logprobs'> = {}
): Question[] {
  const { seed } = body
  return Array.from({ length: body.n ?? 1 }, (_, i) =>
    checked({
      model,
      messages,
      maxTokens: tokensOf(body.max_tokens),
      temperature: within(body.temperature ?? 1, 0, most.temperature),
      topP: body.top_p === null || body.top_p === undefined ? undefined : within(body.top_p, leastTopP, 1),
      topK: topKOf(body.top_k),
      private: body.tilth?.private ?? body.private ?? undefined,
      explain: body.tilth?.explain ?? undefined,
      maxPrice: body.tilth?.maxPrice ?? undefined,
      context: body.tilth?.context ?? undefined,
      route: body.tilth?.route ?? undefined,
      hedge: body.tilth?.hedge ?? undefined,
      stop: stopsOf(body.stop),
      ...about,
      // Below zero it stands for any, as −1 does elsewhere.
      ...(seed === null || seed === undefined || seed < 0
        ? {}
        : { seed: Math.min(seed, Number.MAX_SAFE_INTEGER - i) + i })
    })
  )
}
