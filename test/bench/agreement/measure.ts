// What one way of computing finds for the siblings of agreement.ts: forked by it, says its probabilities once.
import { openEngine } from '../../../node/engine/index.ts'
import type { Provider } from '../../../node/engine/index.ts'
import type { Row } from '../../../protocol/data/index.ts'

export interface Measuring {
  readonly model: string
  readonly adapters: readonly (string | null)[]
  readonly questions: readonly Row[]
  readonly threads: number
  readonly provider: Provider
}
/** [question][adapter][token] */
export type Measurement = readonly (readonly (readonly number[])[])[]

process.once('message', (job: Measuring) => {
  void measure(job)
    .then(found => process.send?.({ found }))
    .catch((error: unknown) => process.send?.({ error: String(error) }))
    .finally(() => process.disconnect())
})

async function measure({ model, adapters, questions, threads, provider }: Measuring): Promise<Measurement> {
  const engine = openEngine({ threads, provider, precision: 'f32', quantize: 'none' })
  try {
    const answers = []
    for (const row of questions)
      answers.push({ messages: row.messages.slice(0, -1), answerIds: (await engine.encode(model, row)).answer })
    return await engine.scoreMany({ model, adapters, answers })
  } finally {
    await engine.close()
  }
}
