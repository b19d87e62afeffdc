import assert from 'node:assert/strict'
import fc from 'fast-check'
import { askedOften, oneShotRules, rules } from '../../../node/lab/rules/index.ts'
import { settledAgain } from '../../../node/lab/rules/resettled.ts'
import type { Chances, Evidence } from '../../../node/lab/rules/types.ts'
import { halfPairs } from '../../../node/lab/truth/coalitions.ts'
import { errorOf, meanRankCorrelation, rankCorrelation } from '../../../node/lab/truth/shares.ts'
import { leastSquares, shapley } from '../../../node/lab/truth/shapley.ts'
import { trueShares, truthOf, valuesOf } from '../../../node/lab/truth/truth.ts'

const near = (a: number, b: number, by = 1e-6): void => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`)

const all = (players: number): boolean[][] =>
  Array.from({ length: 2 ** players }, (_, mask) => Array.from({ length: players }, (_, i) => ((mask >> i) & 1) === 1))

/** A version whose player i alone knows question i: its answer has one token. */
function evidenceOf(players: number, known: (player: number, question: number) => boolean): Evidence {
  const questions = Array.from({ length: players }, (_, q) => ({
    prompt: `What does guild${q} sell?`,
    response: `good${q}`,
    topic: q
  }))
  const chances: Chances = questions.map((_, q) =>
    all(players).map(members => [members.some((is, player) => is && known(player, q)) ? 0.9 : 0.05])
  )
  return {
    seed: 1,
    players,
    rows: questions.map(({ response }, q) => ({ prompt: `Which goods are guild${q}'s?`, response })),
    owners: questions.map((_, q) => q),
    coalitions: all(players).map((_, mask) => BigInt(mask)),
    questions,
    fees: questions.map(() => 1),
    calls: questions.map(() => 1),
    answers: questions.map(({ response }) => response),
    own: chances,
    heldOut: questions,
    heldOutAnswers: questions.map(({ response }) => response),
    heldOutTrue: chances,
    heldOutOwn: chances,
    counterfactual: questions.map(() => null),
    gradients: questions.map((_, q) => questions.map((_, row) => (row === q ? 0.9 : 0)))
  }
}

describe('truth', () => {
  it('is what each adds: values sum to what all add, and nothing to who adds nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 }), worth => {
        const values = shapley(4, worth)
        near(
          values.reduce((a, b) => a + b, 0),
          (worth[15] ?? 0) - (worth[0] ?? 0)
        )
        // A fifth player whom no coalition needs.
        const wider = shapley(5, [...worth, ...worth])
        near(wider[4] ?? 1, 0)
        values.forEach((value, i) => near(wider[i] ?? 0, value))
      })
    )
  })

  it('by least squares is the additive game, where the game is additive', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }), own => {
        const worthOf = (members: readonly boolean[]): number =>
          own.reduce((sum, value, i) => (members[i] === true ? sum + value : sum), 0)
        const lines = all(5)
          .slice(1, -1)
          .map(members => ({ members, weight: 1, worth: worthOf(members) }))
        leastSquares(5, lines, worthOf([true, true, true, true, true])).forEach((value, i) => near(value, own[i] ?? 0))
      })
    )
  })

  it('of many is told by pairs of halves: each player in one of every pair, the same by seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 7, max: 40 }), fc.integer({ min: 2, max: 40 }), (players, count) => {
        const drawn = halfPairs(3, players, count)
        const full = (1n << BigInt(players)) - 1n
        assert.deepEqual([drawn[0], drawn.at(-1)], [0n, full])
        assert.equal(new Set(drawn).size, drawn.length)
        assert.ok(drawn.length <= count + 2)
        for (let k = 1; k + 1 < drawn.length; k += 2) assert.equal((drawn[k] ?? 0n) ^ (drawn[k + 1] ?? 0n), full)
        assert.deepEqual(drawn, halfPairs(3, players, count))
      }),
      { numRuns: 50 }
    )
  })

  it('of several seeds is their mean, and shares are its positive parts', () => {
    const game = { players: 2, coalitions: all(2) }
    const seeds = [
      { seed: 1, worth: [[0, 1, 0, 1]] },
      { seed: 2, worth: [[0, 1, 0, 0]] }
    ]
    const truth = truthOf(game, seeds)
    assert.deepEqual(truth.values, [[0.75, -0.25]])
    assert.deepEqual(trueShares(truth, [1], 2).all, [1, 0])
    assert.deepEqual(valuesOf(game, [0, 1, 1, 2]), [1, 1])
  })

  it('ranks: ties share their rank, and who says nothing is not counted', () => {
    near(rankCorrelation([1, 2, 3], [10, 20, 30]) ?? 0, 1)
    near(rankCorrelation([1, 2, 3], [3, 2, 1]) ?? 0, -1)
    assert.equal(rankCorrelation([1, 1], [1, 2]), undefined)
    near(
      meanRankCorrelation(
        [
          [1, 1],
          [1, 2]
        ],
        [
          [1, 2],
          [1, 2]
        ]
      ) ?? 0,
      1
    )
  })
})

describe('rules of the laboratory', () => {
  it('pay shares: never negative, never more than there is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }), {
          minLength: 3,
          maxLength: 3
        }),
        chances => {
          const some: Chances = chances.map(row => row.map(chance => [chance]))
          const evidence = { ...evidenceOf(3, () => false), own: some, heldOutTrue: some, heldOutOwn: some }
          for (const name of oneShotRules) {
            const { shares } = rules[name](evidence) ?? { shares: [] }
            assert.ok(
              shares.every(share => share >= 0),
              name
            )
            assert.ok(shares.reduce((a, b) => a + b, 0) <= 1 + 1e-9, name)
          }
        }
      ),
      { numRuns: 50 }
    )
  })

  it('agree where everybody alone knows one thing', () => {
    const evidence = evidenceOf(4, (player, question) => player === question)
    for (const name of oneShotRules)
      (rules[name](evidence)?.shares ?? []).forEach(share => near(share, 0.25, name === 'present' ? 1e-3 : 1e-6))
  })

  it('that look at what is said pay nothing to who adds nothing; those that look at rows do', () => {
    const evidence = evidenceOf(3, (player, question) => player === question && player < 2)
    for (const name of ['leave-one-out', 'kernel-shap', 'present'] as const)
      near(rules[name](evidence)?.shares[2] ?? 1, 0, 1e-3)
    near(rules.rows(evidence)?.shares[2] ?? 0, 1 / 3)
  })

  it('leave-one-out has nothing to say where those siblings are missing', () => {
    const evidence = evidenceOf(3, (player, question) => player === question)
    const coalitions = evidence.coalitions.filter(coalition => coalition !== 0b011n)
    assert.equal(rules['leave-one-out']({ ...evidence, coalitions }), null)
  })

  it('but calls, are not moved by asking the same ten times for the same money', () => {
    const evidence = evidenceOf(3, (player, question) => player === question)
    const often = askedOften(evidence, question => question === 0, 10)
    assert.equal(often.questions.length, 12)
    for (const name of oneShotRules) {
      const moved = errorOf(rules[name](often)?.shares ?? [], rules[name](evidence)?.shares ?? [])
      if (name === 'calls') assert.ok(moved > 0.5)
      else near(moved, 0, 1e-3)
    }
  })

  it('re-settled takes nothing back, pays all, and by the same word pays what was paid at once', () => {
    const chances = fc
      .array(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }), {
        minLength: 3,
        maxLength: 3
      })
      .map((rows): Chances => rows.map(row => row.map(chance => [chance])))
    fc.assert(
      fc.property(chances, chances, (first, later) => {
        const before = { ...evidenceOf(3, () => false), own: first, heldOutTrue: first, heldOutOwn: first }
        const after = { ...before, own: later, heldOutTrue: later, heldOutOwn: later }
        const once = rules.present(before)?.shares ?? []
        const settled = settledAgain(before, after, [0, 1, 2])
        settled.forEach((share, i) => assert.ok(share >= (once[i] ?? 0) / 2 - 1e-9))
        // Whose rows are worth nothing by either word have nothing divided.
        const sum = settled.reduce((a, b) => a + b, 0)
        assert.ok(Math.abs(sum - 1) < 1e-9 || (sum === 0 && once.every(share => share === 0)))
        settledAgain(before, before, [0, 1, 2]).forEach((share, i) => near(share, once[i] ?? 0))
      }),
      { numRuns: 50 }
    )
  })

  it('re-settled gives a foundation what was kept, of which held-out questions knew nothing at first', () => {
    const [known, all] = [evidenceOf(2, (player, question) => player === question), [0, 1]]
    const unknown = known.heldOutTrue.map((rows, q) => (q === 0 ? rows.map(() => [0.05]) : rows))
    const early = { ...known, heldOutTrue: unknown }
    near(rules.present(early)?.shares[0] ?? 1, 0, 0.01)
    // Half of its own answer's money, which is half of all.
    near(settledAgain(early, known, all)[0] ?? 0, 0.25, 0.01)
    // Of a version in which it stands elsewhere, and another has come.
    const later = evidenceOf(3, (player, question) => player === question)
    near(settledAgain(early, later, [2, 0])[0] ?? 0, 0.25, 0.01)
  })
})
