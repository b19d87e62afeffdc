import {
  attributionOf,
  everyPlayer,
  heldOutDocument,
  maxHeldOutQuestions,
  utilitiesOf
} from '../../../protocol/payouts/index.ts'
import type { Attribution, HeldOutDocument, Measure, Measured } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Row } from '../../../protocol/data/index.ts'
import { heldOutBatch, mostOwnTokens } from '../limits.ts'
import type { Models, Weighed } from '../models.ts'
import type { AttributeRequest, PayoutsDeps } from '../types.ts'

/** Utilities by the engine, weights by arithmetic. */
export interface Weigher {
  attribute(request: AttributeRequest): Promise<Attribution | null>
  /** null for a model without siblings. */
  heldOut(model: Hex): Promise<HeldOutDocument | null>
  /** What was found before; nothing is measured for it. */
  knownHeldOut(model: Hex): Promise<HeldOutDocument | undefined>
  /** The same of what is not registered yet; not kept. */
  measure(weighed: Weighed): Promise<HeldOutDocument>
}

export function createWeigher(deps: Pick<PayoutsDeps, 'engine' | 'versions' | 'store'>, models: Models): Weigher {
  const documents = deps.store.collection('payouts/held-out', heldOutDocument)
  const running = new Map<Hex, Promise<HeldOutDocument | null>>()

  async function attribute({ model, content, answer }: AttributeRequest): Promise<Attribution | null> {
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    // An answer that another worker began is weighed as a whole: these tokens owe what they owe to those before as
    // well.
    const answerIds = [...content.resume, ...answer]
    if (answerIds.length === 0)
      return attributionOf(
        weighed.measure,
        measured(
          weighed.measure,
          weighed.measure.coalitions.map(() => 0)
        )
      )
    const { base, adapters } = await models.folders(weighed)
    const { messages, day } = content
    const probabilities = await deps.engine.score({ model: base, adapters, messages, day, answerIds })
    return attributionOf(weighed.measure, measured(weighed.measure, utilitiesOf(weighed.measure, probabilities)))
  }

  async function measureHeldOut(model: Hex): Promise<HeldOutDocument | null> {
    const known = await documents.get(model)
    if (known !== undefined) return known
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    const document = await measure(weighed)
    await documents.put(model, document)
    return document
  }

  async function measure(weighed: Weighed): Promise<HeldOutDocument> {
    const { base, adapters } = await models.folders(weighed)
    const adapter = adapters[weighed.measure.matrix.full] ?? undefined
    const questions: HeldOutDocument['questions'] = []
    const rows = spread(await deps.versions.heldOut(weighed.result.spec), maxHeldOutQuestions)
    for (let at = 0; at < rows.length; at += heldOutBatch) {
      const answers = await Promise.all(
        rows.slice(at, at + heldOutBatch).map(async row => {
          const messages = row.messages.slice(0, -1)
          const truth = (await deps.engine.encode(base, row)).answer
          return { messages, truth, own: await ownAnswer(base, adapter, messages, truth.length) }
        })
      )
      const scores = await deps.engine.scoreMany({
        model: base,
        adapters,
        answers: answers.flatMap(({ messages, truth, own }) => [
          { messages, answerIds: truth },
          { messages, answerIds: own }
        ])
      })
      const found = scores.map(one => measured(weighed.measure, utilitiesOf(weighed.measure, one)))
      for (let i = 0; i < found.length; i += 2) {
        const [truth, own] = [found[i], found[i + 1]]
        if (truth !== undefined && own !== undefined) questions.push({ truth, own })
      }
    }
    return { model: weighed.measure.model, questions }
  }

  /** What the model itself says, by its likeliest tokens. */
  async function ownAnswer(
    model: string,
    adapter: string | undefined,
    messages: Row['messages'],
    trueTokens: number
  ): Promise<number[]> {
    const generation = deps.engine.generate({
      model,
      ...(adapter === undefined ? {} : { adapter }),
      messages,
      settings: { maxTokens: trueTokens + mostOwnTokens, temperature: 0, seed: 0 }
    })
    const ids: number[] = []
    for await (const { id } of generation) ids.push(id)
    return ids
  }

  return {
    attribute,
    knownHeldOut: model => documents.get(model),
    measure,
    heldOut(model) {
      const known = running.get(model)
      if (known !== undefined) return known
      const measuring = measureHeldOut(model).finally(() => {
        running.delete(model)
      })
      running.set(model, measuring)
      return measuring
    }
  }
}

/** Each player is a candidate. */
const measured = (measure: Measure, utilities: number[]): Measured => ({ utilities, candidates: everyPlayer(measure) })

/** At most so many rows, in equal steps: the same ones on every node. */
function spread(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most) return rows
  return Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]).flatMap(row => row ?? [])
}
