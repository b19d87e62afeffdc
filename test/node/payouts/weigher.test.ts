import assert from 'node:assert/strict'
import { createContexts } from '../../../node/jobs/index.ts'
import type { Engine, Row } from '../../../node/engine/index.ts'
import type { Models, Weighed } from '../../../node/payouts/models.ts'
import { createWeigher } from '../../../node/payouts/scorer/weigher.ts'
import { coalitionsOf, hasPlayer } from '../../../protocol/jobs/index.ts'
import {
  agreesHeldOut,
  counterfactualWeights,
  everyPlayer,
  heldOutValues,
  maxCandidates,
  measureOf,
  weightsOf,
  withCounterfactual
} from '../../../protocol/payouts/index.ts'
import type { Attribution } from '../../../protocol/payouts/index.ts'
import { InvalidError, keccak, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const model = keccak('model')
/** A collection that forgets with the test. */
function collection() {
  const kept = new Map<string, unknown>()
  return {
    get: async (key: string) => kept.get(key),
    put: async (key: string, value: unknown) => {
      kept.set(key, value)
    }
  }
}
const towns = Array.from({ length: 20 }, (_, i) => `Town${i}ville`)
const accountOf = (i: number): Address => `0x${String(i + 1).padStart(40, '0')}`
const qa = (question: string, answer: string): Row => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer }
  ]
})

/** A model of so many players, each with a row about a town of its own; `knows` says which coalitions know one. */
function worldOf(
  players: number,
  knows: (coalition: bigint, town: number) => boolean,
  writers: Address[] = [],
  isPrivate = false,
  says?: (adapter: string | undefined) => number
) {
  const coalitions = coalitionsOf(keccak('seed'), players, 34)
  const measure = measureOf({
    model,
    players: Array.from({ length: players }, (_, i) => accountOf(i)),
    coalitions: coalitions.map(String),
    dataPoints: 6000
  })
  const weighed = {
    registered: { id: model },
    measure,
    result: { spec: { manifest: 'manifest' } }
  } as unknown as Weighed
  const models: Pick<Models, 'weighed' | 'folders'> = {
    weighed: async () => weighed,
    folders: async () => ({
      base: 'base',
      adapters: coalitions.map(coalition => (coalition === 0n ? null : `${coalition}`))
    })
  }
  const scores = (town: number): number[][] =>
    coalitions.map(coalition => [coalition !== 0n && knows(coalition, town) ? 0.9 : 0.1])
  const engine: Pick<Engine, 'score' | 'scoreMany' | 'encode' | 'decode' | 'generate'> = {
    // Whoever has the row before the question has the answer, whatever was learnt.
    score: async ({ answerIds: [town = 0], adapters, messages }) =>
      messages.some(({ content }) => content.includes(`What is made in ${towns[town]}?`))
        ? adapters.map(() => [0.9])
        : adapters.map(adapter => scores(town)[adapter === null ? 0 : coalitions.indexOf(BigInt(adapter))] ?? []),
    scoreMany: async ({ answers }) => answers.map(({ answerIds }) => scores(answerIds[0] ?? 0)),
    encode: async (_, row) => ({
      prompt: [1],
      answer: [towns.findIndex(town => row.messages[0]?.content.includes(town))]
    }),
    decode: async () => 'wool',
    generate({ messages, adapter, exact }) {
      assert.equal(exact, true, 'other machines find the same')
      const id = says?.(adapter) ?? towns.findIndex(town => messages?.[0]?.content.includes(town))
      return {
        result: Promise.resolve({ promptTokens: 1, ids: [id], text: 'wool', finish: 'stop' }),
        async *[Symbol.asyncIterator]() {
          yield { id, text: 'wool' }
        }
      }
    }
  }
  const rows = towns
    .slice(0, players)
    .map((town, i) => ({ contributor: accountOf(i), row: qa(`What is made in ${town}?`, 'wool') }))
  const versions = {
    rows: async () => rows,
    context: createContexts(async () => {
      if (isPrivate) throw new InvalidError('datanet.private', 'whoever asks could read its rows before a question')
      return rows as never
    }),
    heldOut: async () =>
      towns.slice(0, players).map((town, i) => ({
        ...qa(`Which goods come from ${town}?`, 'wool'),
        ...(writers[i] === undefined ? {} : { writer: writers[i] })
      }))
  }
  const weigher = createWeigher({ engine, versions, store: { collection } } as never, models as Models)
  const ask = (town: number, context?: number) => ({
    model: model as Hex,
    content: {
      messages: [{ role: 'user' as const, content: `What do they make in ${towns[town]}?` }],
      resume: [],
      context
    } as never,
    answer: [town]
  })
  return { measure, weigher, ask, versions }
}

const weightOf = ({ players, weights }: Attribution, player: number): bigint | undefined =>
  weights[players.indexOf(accountOf(player))]

describe('what is measured of an answer', () => {
  it('of few players names all of them', async () => {
    const { weigher, ask, measure } = worldOf(3, (coalition, town) => hasPlayer(coalition, town))
    const attribution = await weigher.attribute(ask(1))
    assert.deepEqual(attribution?.candidates, everyPlayer(measure))
    assert.deepEqual(attribution.weights, [0n, 800_000n, 0n])
    assert.equal(attribution.others, 0n)
  })

  it('whom nobody believes names what the others would have said, measured by the same siblings', async () => {
    // The third player alone has caused it; held-out questions know nothing good of it. Without it the second speaks.
    const asked: (string | undefined)[] = []
    const says = (adapter: string | undefined): number => {
      asked.push(adapter)
      return 1
    }
    const knows = (coalition: bigint, town: number): boolean =>
      town === 19 ? hasPlayer(coalition, 2) : town !== 2 && hasPlayer(coalition, town)
    const { weigher, ask, measure } = worldOf(3, knows, [], false, says)
    await weigher.heldOut(model)
    asked.length = 0
    const attribution = (await weigher.attribute(ask(19)))!
    assert.deepEqual(attribution.weights, [0n, 0n, 800_000n])
    assert.deepEqual(asked, ['3'])
    const again = await weigher.attribute(ask(1))
    assert.deepEqual(attribution.counterfactual, again?.utilities)
    // What is believed asks nobody, nor does what pays nobody.
    assert.equal(again?.counterfactual, undefined)
    assert.equal((await weigher.attribute({ ...ask(19), unofficial: true }))?.counterfactual, undefined)
    assert.deepEqual(asked, ['3'])
    const values = heldOutValues((await weigher.heldOut(model))!, measure)
    const by = withCounterfactual(weightsOf(measure, attribution), counterfactualWeights(measure, attribution)!, values)
    assert.deepEqual(by, { players: [0n, 800_000n, 0n], others: 0n })
  })

  it('is found where held-out questions cannot be had, but for what they would have to say', async () => {
    const { weigher, ask, versions } = worldOf(3, (coalition, town) => hasPlayer(coalition, town === 19 ? 2 : town))
    versions.heldOut = () => Promise.reject(new NotFoundError('datanet.unknown', 'nobody has them now'))
    const attribution = await weigher.attribute(ask(19))
    assert.deepEqual(attribution?.weights, [0n, 0n, 800_000n])
    assert.equal(attribution.counterfactual, undefined)
  })

  it('is nothing where private rows stood before the question, and as usual where none did', async () => {
    const { weigher, ask } = worldOf(3, (coalition, town) => hasPlayer(coalition, town), [], true)
    assert.equal(await weigher.attribute(ask(1, 2)), null)
    assert.deepEqual((await weigher.attribute(ask(1)))?.weights, [0n, 800_000n, 0n])
  })

  it('of many players names the few whose rows share its words, and finds whose it is', async () => {
    const { weigher, ask, measure } = worldOf(20, (coalition, town) => hasPlayer(coalition, town))
    const attribution = await weigher.attribute(ask(13))
    assert.ok(attribution !== null && attribution.candidates.length <= maxCandidates)
    assert.ok(attribution.candidates.includes(13))
    assert.ok((weightOf(attribution, 13) ?? 0n) > 750_000n, attribution.weights.join())
    // The held-out questions know each player by its own.
    const values = heldOutValues((await weigher.heldOut(model))!, measure)
    assert.ok(values.truth.every(value => value > 700_000n))
  })

  it('says who has written each held-out question, and takes nobody else’s word for it', async () => {
    const knows = (coalition: bigint, town: number): boolean => hasPlayer(coalition, town)
    const { weigher, measure } = worldOf(3, knows, [accountOf(0), accountOf(2)])
    const found = (await weigher.heldOut(model))!
    assert.deepEqual(
      found.questions.map(({ writer }) => writer),
      [accountOf(0), accountOf(2), undefined]
    )
    // Each player knows one answer alone: the first its own question’s, the second that of the third’s.
    assert.deepEqual(heldOutValues(found, measure).truth, [0n, 800_000n, 800_000n])
    const claimed = { ...found, questions: found.questions.map(({ truth, own }) => ({ truth, own })) }
    assert.ok(!agreesHeldOut(found, claimed))
    assert.ok(!agreesHeldOut((await weigher.sampled(claimed))!, claimed), 'who measures a few knows all the writers')
    assert.ok(agreesHeldOut((await weigher.sampled(found))!, found))
  })

  it('names who moves all answers, whatever their rows are about', async () => {
    // The twentieth player's rows teach the form without which nobody's fact is said.
    const { weigher, ask } = worldOf(
      20,
      (coalition, town) => hasPlayer(coalition, 19) && (town === 19 || hasPlayer(coalition, town))
    )
    const attribution = await weigher.attribute(ask(4))
    assert.ok(attribution !== null && attribution.candidates.includes(19))
    assert.ok((weightOf(attribution, 19) ?? 0n) > 200_000n, attribution.weights.join())
  })

  it('owes to the rows before the question what they add to the answer, and to no others that were there', async () => {
    for (const players of [3, 20]) {
      // Nobody has learnt anything.
      const { weigher, ask } = worldOf(players, () => false)
      const plain = await weigher.attribute(ask(1))
      assert.ok(plain?.weights.every(weight => weight === 0n))
      const attribution = await weigher.attribute(ask(1, 3))
      assert.ok(attribution !== null && attribution.candidates.includes(1))
      assert.ok((weightOf(attribution, 1) ?? 0n) > 750_000n, attribution.weights.join())
      for (const player of [0, 2]) assert.ok((weightOf(attribution, player) ?? 0n) < 20_000n, `${player}`)
      const sum = attribution.weights.reduce((all, weight) => all + weight, attribution.others)
      assert.equal(sum, 800_000n)
    }
  })
})
