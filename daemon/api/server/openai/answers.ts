import { randomUUID } from 'node:crypto'
import { TilthError, foreignCode } from '../../../../protocol/primitives/index.ts'
import { zeroHash } from '../../../../protocol/primitives/index.ts'
import type { AskEvent, ChosenLogprob, Credit, Explanation, ModelView, Paid } from '../../contract/index.ts'
import type { Question } from './question.ts'
import { together } from './together.ts'
import type { Given } from './together.ts'

export type Done = Extract<AskEvent, { kind: 'done' }>

/** One of the answers that were asked for. */
export interface Answered {
  readonly done: Done
  /** Who had a part in it, in order. */
  readonly workers: readonly string[]
  readonly explanation: Explanation | undefined
  /** Of its tokens, where they were asked for. */
  readonly logprobs: readonly ChosenLogprob[]
}

/** What stands over every form of an answer. */
export interface Head {
  readonly id: string
  readonly created: number
  readonly model: string
}
export const headOf = (kind: 'chatcmpl' | 'cmpl', model: string): Head => ({
  id: `${kind}-${randomUUID()}`,
  created: Math.floor(Date.now() / 1000),
  model
})

/** What was cut off is never told as whole: one that its key's owner ended has no word of its own in that API. */
export const finishReason = (finish: string): 'length' | 'stop' => (finish === 'stop' ? 'stop' : 'length')

export const usageOf = (answers: readonly Answered[]) => {
  const sum = (of: (done: Done) => number): number => answers.reduce((total, { done }) => total + of(done), 0)
  const [input, output] = [sum(({ inputTokens }) => inputTokens), sum(({ outputTokens }) => outputTokens)]
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
}

/** What each contributor's rows made of the answers, as their workers say. */
function contributorsOf(answers: readonly Answered[]): Credit['contributors'] {
  const explained = answers.flatMap(({ explanation }) => (explanation === undefined ? [] : [explanation]))
  if (explained.length === 0) return undefined
  const sums = new Map<string, bigint>()
  for (const { weights } of explained.flatMap(one => one.answers))
    for (const [account, weight] of Object.entries(weights))
      sums.set(account, (sums.get(account) ?? 0n) + BigInt(weight))
  return [...sums].map(([account, weight]) => ({ account, weight: weight.toString() }))
}

type Terms = Pick<ModelView, 'builder' | 'datanet' | 'split' | 'upstream'>

/** Who has which part of what was paid for one model. */
const creditsOf = (
  workers: Iterable<string>,
  { builder, datanet, split, upstream }: Terms,
  contributors: Credit['contributors']
): Credit[] => [
  ...[...workers].map(account => ({ as: 'worker' as const, account, share: split.worker })),
  { as: 'builder', account: builder, share: split.builder },
  ...(datanet === zeroHash
    ? []
    : [
        {
          as: 'data' as const,
          account: datanet,
          share: split.data,
          ...(contributors === undefined ? {} : { contributors })
        }
      ]),
  ...(upstream === undefined ? [] : [{ as: 'upstream' as const, account: upstream, share: split.upstream ?? 0 }])
]

/** Of an agent each step's fee is divided as its own model's fees are, and the agent's own as it was registered. */
const stepCredits = (answers: readonly Answered[]): Credit[] =>
  answers
    .flatMap(({ done }) => done.steps ?? [])
    .flatMap(({ name, fee, workers, ...terms }) =>
      creditsOf(workers, terms, undefined).map(credit => ({ ...credit, step: name, of: fee }))
    )

/** What this network adds to answers: what they cost, their receipts, and who is paid by them. */
export function paidFor(answers: readonly Answered[], model: Terms, confidential: boolean): Paid {
  const workers = new Set(answers.flatMap(one => one.workers))
  const contributors = contributorsOf(answers)
  const sources = answers.flatMap(({ done }) => done.sources ?? [])
  const explained = answers.flatMap(({ explanation }) => (explanation === undefined ? [] : [explanation]))
  const ofSteps = stepCredits(answers)
  return {
    fee: answers.reduce((sum, { done }) => sum + BigInt(done.fee), 0n).toString(),
    receipts: answers.flatMap(({ done }) => done.receipts),
    private: confidential,
    ...(sources.length === 0 ? {} : { sources }),
    credits: ofSteps.length > 0 ? ofSteps : creditsOf(workers, model, contributors),
    ...(explained.length === 0
      ? {}
      : {
          explanation: {
            unofficial: true,
            answers: explained.flatMap(one => one.answers),
            failed: explained.flatMap(one => one.failed)
          }
        })
  }
}

/** What comes of the answers: their text, and each of them when it is whole, explained if that was asked for. */
export type Coming = Given<{ readonly text: string; readonly logprobs: readonly ChosenLogprob[] } | Answered>

/** @throws TilthError as one of the answers failed */
export async function* answersTo(
  questions: readonly Question[],
  ask: (question: Question, signal: AbortSignal) => AsyncIterable<AskEvent>,
  signal: AbortSignal
): AsyncGenerator<Coming> {
  const all = questions.map(() => ({ workers: [] as string[], done: undefined as Done | undefined }))
  const start = async function* (index: number, over: AbortSignal): AsyncGenerator<Coming['value']> {
    const question = questions[index]
    const own = all[index]
    if (question === undefined || own === undefined) return
    let explanation: Explanation | undefined
    const told: ChosenLogprob[] = []
    for await (const event of ask(question, over)) {
      if (event.kind === 'error') throw new TilthError(foreignCode(event.code), event.message)
      if (event.kind === 'worker') own.workers.push(event.worker)
      if (event.kind === 'text') {
        const { text, logprobs = [] } = event
        told.push(...logprobs)
        yield { text, logprobs }
      }
      if (event.kind === 'done') own.done = event
      if (event.kind !== 'explanation') continue
      const { kind: _, ...rest } = event
      explanation = rest
    }
    if (own.done === undefined) throw new TilthError('ask.unfinished', 'the answer ended without a result')
    yield { done: own.done, workers: own.workers, explanation, logprobs: told }
  }
  yield* together(start, questions.length, signal)
}
