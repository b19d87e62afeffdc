import { finishReason, usageOf } from './answers.ts'
import type { Answered, Head } from './answers.ts'
import type { ChosenLogprob, Paid } from '../../contract/index.ts'

/** How one of that API's calls writes answers: whole, and event by event. */
export interface Form {
  readonly whole: (head: Head, answers: readonly Answered[], tilth: Paid) => object
  /** The first event of an answer, where it has one. */
  readonly opening: ((index: number) => object) | undefined
  /** Undefined where there is nothing to tell of it yet. */
  readonly text: (index: number, text: string, logprobs: readonly ChosenLogprob[]) => object | undefined
  readonly end: (index: number, answer: Answered) => object
  /** What an event of this form is called. */
  readonly event: string
}

export const delta = (
  index: number,
  said: object,
  finish: string | null,
  logprobs: readonly ChosenLogprob[] = []
): object => ({ index, delta: said, logprobs: logprobsOf(logprobs), finish_reason: finish })

/** A token as that API tells of one: a piece of a character has no text of its own. */
const tokenOf = ({ bytes, logprob }: Pick<ChosenLogprob, 'bytes' | 'logprob'>) => ({
  token: new TextDecoder().decode(Uint8Array.from(bytes)),
  logprob,
  bytes
})
const logprobsOf = (all: readonly ChosenLogprob[]): object | null =>
  all.length === 0
    ? null
    : { content: all.map(({ top, ...one }) => ({ ...tokenOf(one), top_logprobs: top.map(tokenOf) })), refusal: null }

export const chatForm: Form = {
  whole: (head, answers, tilth) => ({
    ...head,
    object: 'chat.completion',
    choices: answers.map(({ done, logprobs }, index) => ({
      index,
      message: { role: 'assistant', content: done.text, refusal: null },
      logprobs: logprobsOf(logprobs),
      finish_reason: finishReason(done.finish)
    })),
    usage: usageOf(answers),
    tilth
  }),
  opening: index => delta(index, { role: 'assistant', content: '' }, null),
  text: (index, text, logprobs) => delta(index, { content: text }, null, logprobs),
  end: (index, { done }) => delta(index, {}, finishReason(done.finish)),
  event: 'chat.completion.chunk'
}

export const textForm: Form = {
  whole: (head, answers, tilth) => ({
    ...head,
    object: 'text_completion',
    choices: answers.map(({ done }, index) => ({
      index,
      text: done.text,
      logprobs: null,
      finish_reason: finishReason(done.finish)
    })),
    usage: usageOf(answers),
    tilth
  }),
  opening: undefined,
  text: (index, text) => ({ index, text, logprobs: null, finish_reason: null }),
  end: (index, { done }) => ({ index, text: '', logprobs: null, finish_reason: finishReason(done.finish) }),
  event: 'text_completion'
}
