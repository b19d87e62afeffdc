import { feeOf, tokensWanted } from '../../../protocol/models/index.ts'
import type { ChosenLogprob } from '../../../protocol/models/index.ts'
import type { GeneratedToken, Generation, TokenChance } from '../../engine/types.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Parts } from '../deps.ts'
import type { Answer } from './accounts.ts'
import type { Dialogue } from './dialogue.ts'

/** Most tokens of a frame, as its schema has it. */
const tokensPerFrame = 64

/**
 * Milliseconds from one frame of an answer to the next: a token that comes later than that goes at once, what comes
 * faster than anybody reads goes together. The more answers run, the longer, since it is the number of frames that
 * costs; those of all answers go at the same moments, so that a connection that several share is written to once.
 */
const frameMs = (answers: number): number => Math.min(120, 2 + 7 * answers)

export interface DeliveryContext {
  readonly stream: MessageStream
  readonly dialogue: Dialogue
  readonly answer: Answer
  /** Tokens that are on the wire; grows. */
  readonly sent: number[]
  /** Answers that run now, with this one. */
  readonly running: () => number
  /** Hears how many tokens are on the wire. */
  readonly grew: (tokens: number) => void
}

/**
 * Brings an answer's tokens from the engine to its client, each only within the credit. A client that reads or pays
 * slowly holds up nobody but itself.
 * @returns the length of the text on the wire; throws if the client or the engine failed
 */
export async function deliver(
  { clock }: Pick<Parts, 'clock'>,
  tokens: Tokens,
  { stream, dialogue, answer, sent, running, grew }: DeliveryContext
): Promise<number> {
  const { content, offer, inputTokens } = answer.record
  const wanted = tokensWanted(content)
  let said = 0
  let last = -Infinity
  while (sent.length < wanted && (await tokens.some())) {
    const [every, now] = [frameMs(running()), clock.now()]
    if (last + every > now) await tokens.end(every - (now % every))
    const most = Math.min(tokens.waiting, tokensPerFrame, wanted - sent.length)
    const batch = tokens.take(await dialogue.room(offer.message.outputPrice, most))
    sent.push(...batch.map(({ id }) => id))
    answer.sent = sent.length
    grew(sent.length)
    const text = batch.map(token => token.text).join('')
    said += text.length
    last = clock.now()
    await stream.send({
      kind: 'tokens',
      ids: batch.map(({ id }) => id),
      text,
      owed: feeOf(offer.message, inputTokens, sent.length),
      ...(content.logprobs === undefined ? {} : { logprobs: batch.map(logprobOf) })
    })
  }
  return said
}

/** Least that is told: less than it is as good as never, and no number. */
const leastLogprob = -10_000
const mostBytes = 256

/** What a frame tells of a token's probability. */
function logprobOf({ id, logprob = leastLogprob, bytes = [], top = [] }: GeneratedToken): ChosenLogprob {
  const told = (of: TokenChance): Omit<ChosenLogprob, 'top'> => ({
    id: of.id,
    bytes: (of.bytes ?? []).slice(0, mostBytes),
    logprob: Math.min(0, Math.max(leastLogprob, of.logprob))
  })
  return { ...told({ id, logprob, bytes }), top: top.map(told) }
}

/** Tokens as they come; an answer has no more than its request asks for. */
export interface Tokens {
  readonly waiting: number
  /** Until there is one. @returns whether there is; throws the engine's error behind the last */
  some(): Promise<boolean>
  /** Until there is one, or no more will come, at most so long. */
  soon(ms: number): Promise<void>
  /** Until no more will come, at most so long. */
  end(ms: number): Promise<void>
  take(count: number): GeneratedToken[]
}

async function* oneByOne(generation: Generation): AsyncGenerator<readonly GeneratedToken[]> {
  for await (const token of generation) yield [token]
}

export function tokensOf(generation: Generation): Tokens {
  const queue: GeneratedToken[] = []
  let wake = (): void => undefined
  let failure: { readonly error: unknown } | undefined
  let over = false
  let ended = (): void => undefined
  /** So long at most: `hand` is given what ends it sooner. */
  const within = (ms: number, hand: (over: () => void) => void): Promise<void> =>
    new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      hand(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  void (async () => {
    for await (const group of generation.groups?.() ?? oneByOne(generation)) {
      queue.push(...group)
      wake()
    }
  })()
    .catch((error: unknown) => {
      failure = { error }
    })
    .finally(() => {
      over = true
      wake()
      ended()
    })
  return {
    get waiting() {
      return queue.length
    },
    async some() {
      if (queue.length === 0 && !over)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      if (queue.length > 0) return true
      if (failure !== undefined) throw failure.error
      return false
    },
    async soon(ms) {
      if (queue.length === 0 && !over)
        await within(ms, done => {
          wake = done
        })
    },
    async end(ms) {
      if (!over)
        await within(ms, done => {
          ended = done
        })
    },
    take: count => queue.splice(0, count)
  }
}
