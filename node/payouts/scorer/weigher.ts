import { attributionOf, gateDocument, gateOf, utilityOf } from '../../../protocol/payouts/index.ts'
import type { Attribution, GateDocument } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Row } from '../../../protocol/data/index.ts'
import { gateBatch, maxGateQuestions } from '../limits.ts'
import type { Models, Weighed } from '../models.ts'
import type { AttributeRequest, PayoutsDeps } from '../types.ts'

/** Utilities by the engine, weights by arithmetic. */
export interface Weigher {
  attribute(request: AttributeRequest): Promise<Attribution | null>
  /** null for a model without siblings. */
  gate(model: Hex): Promise<GateDocument | null>
  /** What was found before; nothing is measured for it. */
  knownGate(model: Hex): Promise<GateDocument | undefined>
  /** The same of what is not registered yet; not kept. */
  measure(weighed: Weighed): Promise<GateDocument>
}

export function createWeigher(deps: Pick<PayoutsDeps, 'engine' | 'versions' | 'store'>, models: Models): Weigher {
  const gates = deps.store.collection('payouts/gates', gateDocument)
  const running = new Map<Hex, Promise<GateDocument | null>>()

  async function attribute({ model, content, answer }: AttributeRequest): Promise<Attribution | null> {
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    // An answer that another worker began is weighed as a whole: these tokens owe what they owe to those before as
    // well.
    const answerIds = [...content.resume, ...answer]
    if (answerIds.length === 0)
      return attributionOf(
        weighed.measure,
        weighed.measure.coalitions.map(() => 0)
      )
    const { base, adapters } = await models.folders(weighed)
    const { messages, day } = content
    const probabilities = await deps.engine.score({ model: base, adapters, messages, day, answerIds })
    return attributionOf(weighed.measure, probabilities.map(utilityOf))
  }

  async function measureGate(model: Hex): Promise<GateDocument | null> {
    const known = await gates.get(model)
    if (known !== undefined) return known
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    const gate = await measure(weighed)
    await gates.put(model, gate)
    return gate
  }

  async function measure(weighed: Weighed): Promise<GateDocument> {
    const { base, adapters } = await models.folders(weighed)
    const utilities: number[][] = []
    const rows = spread(await deps.versions.heldOut(weighed.result.spec), maxGateQuestions)
    for (let at = 0; at < rows.length; at += gateBatch) {
      const answers = await Promise.all(
        rows.slice(at, at + gateBatch).map(async row => ({
          messages: row.messages.slice(0, -1),
          answerIds: (await deps.engine.encode(base, row)).answer
        }))
      )
      for (const scores of await deps.engine.scoreMany({ model: base, adapters, answers }))
        utilities.push(scores.map(utilityOf))
    }
    return gateOf(weighed.measure, utilities)
  }

  return {
    attribute,
    knownGate: model => gates.get(model),
    measure,
    gate(model) {
      const known = running.get(model)
      if (known !== undefined) return known
      const measuring = measureGate(model).finally(() => {
        running.delete(model)
      })
      running.set(model, measuring)
      return measuring
    }
  }
}

/** At most so many rows, in equal steps: the same ones on every node. */
function spread(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most) return rows
  return Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]).flatMap(row => row ?? [])
}
