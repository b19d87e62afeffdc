import type { FastifyReply } from 'fastify'
import { anySignal } from '../../../../protocol/primitives/index.ts'
import type { ModelView, Paid } from '../../contract/index.ts'
import type { Caller } from '../guard.ts'
import { sendEvents, signalOf } from '../server.ts'
import { answersTo, headOf, paidFor, usageOf } from './answers.ts'
import type { Answered, Coming, Head } from './answers.ts'
import { openAiErrorReply } from './errors.ts'
import type { Form } from './forms.ts'
import type { Question } from './question.ts'
import type { OpenAiSource } from './source.ts'

export interface Completing {
  readonly kind: 'chatcmpl' | 'cmpl'
  readonly form: Form
  /** As its caller named it. */
  readonly named: string
  readonly model: ModelView
  readonly questions: readonly Question[]
  readonly stream: boolean
  /** The last event of a stream says what all of it came to. */
  readonly withUsage: boolean
}

/**
 * A stream that has begun: what fails before it gave anything is a failure of the call, with a status of its own.
 * @throws as its first value
 */
async function begun<T>(stream: AsyncGenerator<T>): Promise<AsyncGenerator<T>> {
  const first = await stream.next()
  return (async function* () {
    try {
      if (first.done === true) return
      yield first.value
      yield* stream
    } finally {
      await stream.return(undefined)
    }
  })()
}

async function* eventsOf(
  head: Head,
  coming: AsyncIterable<Coming>,
  { form, questions, withUsage }: Completing,
  paid: (answers: readonly Answered[]) => Paid
): AsyncGenerator<object> {
  const event = (choices: object[], rest: object = {}): object => ({
    ...head,
    object: form.event,
    choices,
    ...(withUsage ? { usage: null } : {}),
    ...rest
  })
  const { opening } = form
  if (opening !== undefined) for (const [index] of questions.entries()) yield event([opening(index)])
  const answers: Answered[] = []
  for await (const { index, value } of coming) {
    if ('text' in value) {
      const told = form.text(index, value.text, value.logprobs)
      if (told !== undefined) yield event([told])
      continue
    }
    answers.push(value)
    yield event([form.end(index, value)], { tilth: paid([value]) })
  }
  if (withUsage) yield event([], { usage: usageOf(answers) })
}

/** Asks, and answers in the form that was asked for, whole or as it comes. @throws as the questions */
export async function complete(
  reply: FastifyReply,
  source: Pick<OpenAiSource, 'ask'>,
  caller: Caller,
  wish: Completing
): Promise<unknown> {
  const { kind, form, named, model, questions, stream } = wish
  const head = headOf(kind, named)
  const paid = (answers: readonly Answered[]): Paid =>
    paidFor(
      answers,
      model,
      questions.every(question => question.private)
    )
  const left = signalOf(reply)
  const signal = caller.over === undefined ? left : anySignal([left, caller.over])
  const coming = answersTo(questions, (question, until) => source.ask(question, until, caller.key), signal)
  if (stream) {
    const events = eventsOf(head, await begun(coming), wish, paid)
    await sendEvents(reply, events, error => openAiErrorReply(error).body, '[DONE]')
    return reply
  }
  const answers = new Map<number, Answered>()
  for await (const { index, value } of coming) if ('done' in value) answers.set(index, value)
  const inOrder = questions.flatMap((_, index) => answers.get(index) ?? [])
  return form.whole(head, inOrder, paid(inOrder))
}
