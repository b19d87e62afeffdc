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

/** One of 64 bits, as many clients draw, has the last 53 of those that JSON leaves of it: the same seed, the same. */
const seedOf = (seed: number, i: number): number => Math.min(seed % 2 ** 53, Number.MAX_SAFE_INTEGER - i) + i

const stopsOf = (stop: Wishes['stop']): string[] | undefined =>
  stop === null || stop === undefined ? undefined : [stop].flat().filter(text => text !== '')

type Path = readonly (string | number)[]

/** Fields of a question by where they stand in that API. */
const theirPlaces: Record<string, Path> = {
  maxTokens: ['max_tokens'],
  topP: ['top_p'],
  topK: ['top_k'],
  maxPrice: ['tilth', 'maxPrice'],
  context: ['tilth', 'context']
}

/** Where what was refused stood in the call. @param prompt where the one prompt did, in the older form */
function placeOf(path: Path, prompt: Path | undefined): Path {
  const [first, ...rest] = path
  if (first === 'messages' && prompt !== undefined) return prompt
  return [...(typeof first === 'string' ? (theirPlaces[first] ?? [first]) : []), ...rest]
}

/** @throws RefusedError with the names that the caller used */
function checked(value: unknown, prompt: Path | undefined): Question {
  try {
    return readAs(askRequest, value, 'request.invalid')
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new RefusedError(
      error.code,
      error.refusals.map(refusal => ({ ...refusal, path: placeOf(refusal.path, prompt) }))
    )
  }
}

/**
 * One question for each answer that is wished for; with a seed each has its own, from that one on.
 * @param prompt where it stood in the call, where it was no conversation
 * @throws RefusedError `request.invalid`
 */
export function questionsOf(
  model: string,
  messages: readonly Message[],
  body: Wishes,
  about: Pick<Question, 'form' | 'logprobs'> = {},
  prompt?: Path
): Question[] {
  const { seed } = body
  return Array.from({ length: body.n ?? 1 }, (_, i) =>
    checked(
      {
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
        ...(seed === null || seed === undefined || seed < 0 ? {} : { seed: seedOf(seed, i) })
      },
      prompt
    )
  )
}
