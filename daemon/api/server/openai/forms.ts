import { finishReason, usageOf } from './answers.ts'
import type { Answered, Head } from './answers.ts'
import type { Paid } from '../../contract/index.ts'

/** How one of that API's calls writes answers: whole, and event by event. */
export interface Form {
  readonly whole: (head: Head, answers: readonly Answered[], tilth: Paid) => object
  /** The first event of an answer, where it has one. */
  readonly opening: ((index: number) => object) | undefined
  readonly text: (index: number, text: string) => object
  readonly end: (index: number, answer: Answered) => object
  /** What an event of this form is called. */
  readonly event: string
}

const delta = (index: number, said: object, finish: string | null): object => ({
  index,
  delta: said,
  logprobs: null,
  finish_reason: finish
})

export const chatForm: Form = {
  whole: (head, answers, tilth) => ({
    ...head,
    object: 'chat.completion',
    choices: answers.map(({ done }, index) => ({
      index,
      message: { role: 'assistant', content: done.text, refusal: null },
      logprobs: null,
      finish_reason: finishReason(done.finish)
    })),
    usage: usageOf(answers),
    tilth
  }),
  opening: index => delta(index, { role: 'assistant', content: '' }, null),
  text: (index, text) => delta(index, { content: text }, null),
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
