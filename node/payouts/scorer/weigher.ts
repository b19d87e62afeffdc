import { randomInt } from 'node:crypto'
import {
  attributionOf,
  counterfactualPlace,
  everyPlayer,
  heldOutValues,
  maxCandidates,
  pooledCandidates,
  heldOutDocument,
  maxHeldOutQuestions,
  spreadQuestions,
  utilitiesOf,
  weightsOf
} from '../../../protocol/payouts/index.ts'
import type { Attribution, HeldOutDocument, Measure, Measured, Standing } from '../../../protocol/payouts/index.ts'
import { hasPlayer } from '../../../protocol/jobs/index.ts'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { withContext } from '../../../protocol/data/index.ts'
import type { HeldOutQuestion, Row } from '../../../protocol/data/index.ts'
import { createCache } from '../../runtime/index.ts'
import { heldOutBatch, modelsHeld, mostOwnTokens, mostSamples, sampledQuestions } from '../limits.ts'
import type { Models, Weighed } from '../models.ts'
import { createIndexes } from './candidates.ts'
import { ownedBy, scoresWith } from './context.ts'
import type { ContextRow } from './context.ts'
import type { AttributeRequest, PayoutsDeps } from '../types.ts'

/** Utilities by the engine, weights by arithmetic. */
export interface Weigher {
  attribute(request: AttributeRequest): Promise<Attribution | null>
  /** null for a model without siblings. */
  heldOut(model: Hex): Promise<HeldOutDocument | null>
  /** Measures a few of the questions, which nobody else knows: enough to see whether another has measured them. */
  sample(model: Hex): Promise<void>
  /** What another states, with what was measured here in place of those few: the same exactly where both agree. */
  sampled(stated: HeldOutDocument): Promise<HeldOutDocument | null>
  /** What was found before; nothing is measured for it. */
  knownHeldOut(model: Hex): Promise<HeldOutDocument | undefined>
  /** The same of what is not registered yet; not kept. */
  measure(weighed: Weighed): Promise<HeldOutDocument>
}

/** A true answer to a held-out question, or the model's own, as siblings would have given it. */
interface Text {
  readonly messages: Row['messages']
  readonly answerIds: readonly number[]
  readonly utilities: number[]
}
/** What the base model, or an adapter on it, is asked. */
interface Asked {
  readonly model: string
  readonly adapter: string | undefined
  readonly messages: Row['messages']
  readonly day?: number | undefined
}
/** Some of a model's questions, by their places among so many: for each its true answer and the model's own. */
interface Sample {
  /** All of them, for who has written each. */
  readonly questions: readonly HeldOutQuestion[]
  readonly places: readonly number[]
  readonly texts: readonly Text[]
}

export function createWeigher(deps: Pick<PayoutsDeps, 'engine' | 'versions' | 'store'>, models: Models): Weigher {
  const indexOf = createIndexes(deps)
  const documents = deps.store.collection('payouts/held-out', heldOutDocument)
  const running = new Map<Hex, Promise<HeldOutDocument | null>>()
  const pooledKept = createCache<Hex, readonly number[]>({ max: modelsHeld })
  const standingsKept = createCache<Hex, Standing>({ max: modelsHeld })

  async function attribute({ model, content, answer, unofficial }: AttributeRequest): Promise<Attribution | null> {
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    // An answer that another worker began is weighed as a whole: these tokens owe what they owe to those before as
    // well.
    const answerIds = [...content.resume, ...answer]
    const { measure } = weighed
    const { base, adapters } = await models.folders(weighed)
    const { messages, day, context } = content
    const find = async (of: (contributor: Address) => boolean): Promise<readonly ContextRow[]> =>
      context === undefined
        ? []
        : ownedBy(measure, await deps.versions.context(weighed.result.spec, messages, context, { of }))
    // Scorers that have heard of a take-down find other rows than those that have not: nobody says anything of an
    // answer that was given with rows of such a version, and so nobody is blamed for it.
    const rows = await find(() => true).catch(unlessNobodys)
    if (rows === null) return null
    const rowsOf = (mask: bigint): Promise<readonly ContextRow[]> =>
      find(contributor => hasPlayer(mask, measure.players.indexOf(contributor)))
    const utilitiesFor = async (answerIds: readonly number[]): Promise<number[]> =>
      utilitiesOf(
        measure,
        await scoresWith(measure.coalitions, messages, rowsOf, (places, asked) =>
          deps.engine.score({
            model: base,
            adapters: places.map(place => adapters[place] ?? null),
            messages: asked,
            day,
            answerIds
          })
        )
      )
    const utilities = answerIds.length === 0 ? measure.coalitions.map(() => 0) : await utilitiesFor(answerIds)
    const candidates = isScreened(measure)
      ? (await indexOf(weighed)).find(messages, await deps.engine.decode(base, answerIds), maxCandidates, [
          ...rows.map(({ player }) => player),
          ...(await pooledOf(model, measure))
        ])
      : everyPlayer(measure)
    const measured = { utilities, candidates }
    const standing = unofficial === true || isScreened(measure) ? undefined : await standingOf(model, measure)
    const place = standing && counterfactualPlace(measure, weightsOf(measure, measured), standing)
    if (place === undefined) return attributionOf(measure, measured)
    // What those would have answered in whom more is believed: with their own rows before the question as well.
    const before = (await rowsOf(BigInt(measure.coalitions[place] ?? ''))).map(({ row }) => row)
    const said = await ownAnswer(
      { model: base, adapter: adapters[place] ?? undefined, messages: withContext(messages, before), day },
      answerIds.length
    )
    return attributionOf(
      measure,
      said.length === 0 ? measured : { ...measured, counterfactual: await utilitiesFor(said) }
    )
  }

  /**
   * How far a model's players are believed: found once, not for each answer. Undefined where its held-out questions
   * cannot be had here: what an answer owes to whom is said all the same.
   */
  async function standingOf(model: Hex, measure: Measure): Promise<Standing | undefined> {
    const known = standingsKept.get(model)
    if (known !== undefined) return known
    try {
      const document = await heldOut(model)
      if (document === null) return undefined
      const found = heldOutValues(document, measure)
      standingsKept.set(model, found)
      return found
    } catch (error) {
      if (error instanceof TilthError) return undefined
      throw error
    }
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

  const questionsOf = async ({ result }: Weighed): Promise<readonly HeldOutQuestion[]> =>
    spreadQuestions(await deps.versions.heldOut(result.spec), maxHeldOutQuestions)

  async function measure(weighed: Weighed): Promise<HeldOutDocument> {
    const { measure } = weighed
    const asked = await questionsOf(weighed)
    const texts = await textsOf(weighed, asked)
    // Who moves all answers shows in the true ones together; only then it is known who each of them may owe to.
    const pooled = pooledCandidates(
      measure,
      texts.filter((_, i) => i % 2 === 0).map(({ utilities }) => utilities)
    )
    return {
      model: measure.model,
      questions: (await measuredOf(weighed, texts, pooled)).map((found, i) => writtenBy(found, asked[i]))
    }
  }

  /** For each question its true answer, then the model's own. */
  async function textsOf(weighed: Weighed, rows: readonly Row[]): Promise<Text[]> {
    const { measure } = weighed
    const { base, adapters } = await models.folders(weighed)
    const adapter = adapters[measure.matrix.full] ?? undefined
    const texts: Text[] = []
    for (let at = 0; at < rows.length; at += heldOutBatch) {
      const answers = await Promise.all(
        rows.slice(at, at + heldOutBatch).map(async row => {
          const messages = row.messages.slice(0, -1)
          const truth = (await deps.engine.encode(base, row)).answer
          const own = await ownAnswer({ model: base, adapter, messages }, truth.length)
          return [
            { messages, answerIds: truth },
            { messages, answerIds: own }
          ]
        })
      )
      const scores = await deps.engine.scoreMany({ model: base, adapters, answers: answers.flat() })
      for (const [i, text] of answers.flat().entries())
        texts.push({ ...text, utilities: utilitiesOf(measure, scores[i] ?? []) })
    }
    return texts
  }

  async function measuredOf(
    weighed: Weighed,
    texts: readonly Text[],
    pooled: readonly number[]
  ): Promise<HeldOutDocument['questions']> {
    const { measure } = weighed
    const { base } = await models.folders(weighed)
    const index = isScreened(measure) ? await indexOf(weighed) : undefined
    const found: Measured[] = []
    for (const { messages, answerIds, utilities } of texts)
      found.push({
        utilities,
        candidates:
          index?.find(messages, await deps.engine.decode(base, answerIds), maxCandidates, pooled) ??
          everyPlayer(measure)
      })
    return texts.flatMap((_, i) => {
      const [truth, own] = i % 2 === 0 ? [found[i], found[i + 1]] : []
      return truth === undefined || own === undefined ? [] : { truth, own }
    })
  }

  const samples = createCache<Hex, Promise<Sample | null>>({ max: mostSamples })
  async function drawSample(model: Hex): Promise<Sample | null> {
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    const rows = await questionsOf(weighed)
    const places = rows.map((_, i) => i)
    while (places.length > sampledQuestions) places.splice(randomInt(places.length), 1)
    const drawn = places.flatMap(place => rows[place] ?? [])
    return { questions: rows, places, texts: await textsOf(weighed, drawn) }
  }
  function sampleOf(model: Hex): Promise<Sample | null> {
    const known = samples.get(model)
    if (known !== undefined) return known
    const drawing = drawSample(model)
    samples.set(model, drawing)
    drawing.catch(() => {
      samples.delete(model) // asked again, it is tried again
    })
    return drawing
  }

  async function sampled(stated: HeldOutDocument): Promise<HeldOutDocument | null> {
    const { model } = stated
    const [weighed, sample] = [await models.weighed(model), await sampleOf(model)]
    if (weighed === null || sample === null) return null
    const found = await measuredOf(weighed, sample.texts, pooledIn(stated, weighed.measure))
    const own = new Map(sample.places.map((place, i) => [place, found[i]]))
    const [any] = found
    const questions = sample.questions.flatMap((asked, i) => {
      const found = own.get(i) ?? stated.questions[i] ?? any
      return found === undefined ? [] : writtenBy(found, asked)
    })
    return { model, questions }
  }

  /** What the model itself says, or a sibling, by its likeliest tokens. @param tokens of another answer */
  async function ownAnswer({ adapter, day, ...asked }: Asked, tokens: number): Promise<number[]> {
    const generation = deps.engine.generate({
      ...asked,
      ...(adapter === undefined ? {} : { adapter }),
      ...(day === undefined ? {} : { day }),
      exact: true,
      settings: { maxTokens: tokens + mostOwnTokens, temperature: 0, seed: 0 }
    })
    const ids: number[] = []
    for await (const { id } of generation) ids.push(id)
    return ids
  }

  /** pooledIn of a model as it is measured here: once, not for each answer. */
  async function pooledOf(model: Hex, measure: Measure): Promise<readonly number[]> {
    const known = pooledKept.get(model)
    if (known !== undefined) return known
    const found = pooledIn(await heldOut(model), measure)
    pooledKept.set(model, found)
    return found
  }

  function heldOut(model: Hex): Promise<HeldOutDocument | null> {
    const known = running.get(model)
    if (known !== undefined) return known
    const measuring = measureHeldOut(model).finally(() => {
      running.delete(model)
    })
    running.set(model, measuring)
    return measuring
  }

  return {
    attribute,
    knownHeldOut: model => documents.get(model),
    measure,
    heldOut,
    async sample(model) {
      await sampleOf(model)
    },
    sampled
  }
}

/** Rows that not everybody finds alike: what was answered with them nobody weighs. */
function unlessNobodys(error: unknown): null {
  if (error instanceof InvalidError && ['version.taken-down', 'datanet.private'].includes(error.code)) return null
  throw error
}

/** What was measured of a question, with who has written it as the chain says. */
const writtenBy = (
  { truth, own }: HeldOutDocument['questions'][number],
  asked: HeldOutQuestion | undefined
): HeldOutDocument['questions'][number] => ({
  truth,
  own,
  ...(asked?.writer === undefined ? {} : { writer: asked.writer })
})

/** Whether players are too many to be candidates of every text. */
const isScreened = ({ matrix }: Measure): boolean => matrix.exact === undefined

/** Who moves all of a model's answers, by what was measured of the true ones. */
const pooledIn = (document: HeldOutDocument | null, measure: Measure): number[] =>
  pooledCandidates(measure, document?.questions.map(({ truth }) => truth.utilities) ?? [])
