import { lastQuestion, sameAnswer } from '../../../protocol/data/index.ts'
import type { Row } from '../../../protocol/data/index.ts'
import { InvalidError, LimitError, pageOf } from '../../../protocol/primitives/index.ts'
import { trainerOf } from '../../../node/jobs/index.ts'
import type { JobView as NodeJob } from '../../../node/jobs/index.ts'
import type { Node } from '../../../node/node.ts'
import type { Lease } from '../../../node/shelf/index.ts'
import type { TestEvent } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

/** Tests that run at once: they take this machine's time, and its other work waits. */
const mostTests = 2

type Finished = NodeJob & { readonly result: string; readonly adapter: string }
interface Question {
  readonly prompt: string
  /** As its author answered it, with the question. */
  readonly row: Row | null
}
interface Folders {
  readonly base: string
  readonly tuned: string
}

/** What can be done with a job that has a result, by its builder, before anybody serves the model. */
export function finishedJobHandlers(
  { data, engine, payouts, shelf }: Pick<Node, 'data' | 'engine' | 'payouts' | 'shelf'>,
  which: Which
): Pick<Handlers, 'testJob' | 'jobParts'> {
  let running = 0

  /** [reject] There is an adapter, and this node measured it. @throws InvalidError `job.unfinished` */
  async function finished(wanted: string): Promise<Finished> {
    const job = await which.job(wanted)
    const { result, adapter } = job
    if (result === null || adapter === null)
      throw new InvalidError('job.unfinished', `job ${job.id} is ${job.state}: there is no model of it here`, {
        help: 'Wait until it is completed; its builder alone can test it before it is deployed.'
      })
    return { ...job, result, adapter }
  }

  async function questionsOf(
    { datanet }: NodeJob,
    prompts: readonly string[],
    heldOut: number
  ): Promise<readonly Question[]> {
    const held = heldOut === 0 ? [] : (await data.heldOutRows(datanet)).slice(0, heldOut)
    return [
      ...prompts.map(prompt => ({ prompt, row: null })),
      ...held.map(row => ({ prompt: lastQuestion(row) ?? '', row }))
    ]
  }

  async function answer(
    { base, tuned }: Folders,
    { prompt, row }: Question,
    adapted: boolean,
    maxTokens: number,
    signal: AbortSignal
  ): Promise<{ text: string; exact: boolean | null; loss: number | null }> {
    const model = { model: base, ...(adapted ? { adapter: tuned } : {}) }
    const { text } = await engine.generate({
      ...model,
      messages: row === null ? [{ role: 'user', content: prompt }] : row.messages.slice(0, -1),
      settings: { maxTokens, temperature: 0, seed: 1 },
      signal
    }).result
    const expected = row?.messages.at(-1)?.content
    if (row === null || expected === undefined) return { text, exact: null, loss: null }
    const loss = await engine.heldOutLoss({ ...model, rows: [row] })
    return { text, exact: sameAnswer(text, expected), loss: Number.isFinite(loss) ? loss : null }
  }

  async function* test(
    wanted: string,
    { prompts, heldOut, maxTokens }: Parameters<Handlers['testJob']>[0]['body'],
    signal: AbortSignal
  ): AsyncGenerator<TestEvent> {
    const job = await finished(wanted)
    // [reject] A test asks something.
    if (prompts.length === 0 && heldOut === 0)
      throw new InvalidError('test.empty', 'there is nothing to ask', {
        help: 'Give questions of your own, or say how many held-out ones.'
      })
    // [reject] Tests leave the machine time for its other work.
    if (running >= mostTests)
      throw new LimitError('test.busy', `${mostTests} tests run here already`, { help: 'Wait until one of them ends.' })
    running++
    const leases: Lease[] = []
    try {
      const worker = trainerOf(job)
      const ask = { from: [job.builder, ...(worker === undefined ? [] : [worker])], cause: 'owner', signal } as const
      for (const [cid, kind] of [
        [job.base, 'base'],
        [job.adapter, 'adapter']
      ] as const)
        leases.push(await shelf.take(cid, { ...ask, kind }))
      const folders = { base: leases[0]?.folder ?? '', tuned: leases[1]?.folder ?? '' }
      const questions = await questionsOf(job, prompts, heldOut)
      yield { kind: 'begin', questions: questions.length }
      for (const [at, question] of questions.entries()) {
        if (signal.aborted) return
        const [base, tuned] = await Promise.all(
          [false, true].map(adapted => answer(folders, question, adapted, maxTokens, signal))
        )
        if (base === undefined || tuned === undefined) continue
        const { prompt, row } = question
        yield { kind: 'answered', question: at, prompt, expected: row?.messages.at(-1)?.content ?? null, base, tuned }
      }
      yield { kind: 'done', questions: questions.length }
    } finally {
      running--
      for (const lease of leases) lease.release()
    }
  }

  return {
    testJob: ({ params, body, signal }) => test(params.id, body, signal),
    async jobParts({ params: { id, ...page } }) {
      const job = await finished(id)
      const { builder } = job
      const { values, questions } = await payouts.valuesOf(job.result, { worker: trainerOf(job) ?? builder, builder })
      const sum = Object.values(values).reduce((all, value) => (value > 0n ? all + value : all), 0n)
      const parts = Object.entries(values)
        .sort(([, a], [, b]) => (a === b ? 0 : a > b ? -1 : 1))
        .map(([account, value]) => ({
          account,
          value: value.toString(),
          share: value > 0n ? Number((value * 1000n) / sum) : 0,
          questions
        }))
      return pageOf(parts, page, ({ account }) => account)
    }
  }
}
