import assert from 'node:assert/strict'
import fc from 'fast-check'
import { divideAnswer, heldOutValues, weightsOf } from '../../../protocol/payouts/index.ts'
import type { HeldOutDocument } from '../../../protocol/payouts/index.ts'
import { measure, measuredOf, utilitiesOf } from './world.ts'

type Question = HeldOutDocument['questions'][number]

const writer = 1
const utilities = fc.array(fc.nat(10_000), { minLength: 16, maxLength: 16 })
const money = 1_000_003n

const question = (truth: readonly number[], own: readonly number[], by: number | null): Question => ({
  truth: measuredOf(measure, truth),
  own: measuredOf(measure, own),
  ...(by === null ? {} : { writer: measure.players[by]! })
})
const documentOf = (questions: readonly Question[]): HeldOutDocument => ({
  model: measure.model,
  questions: [...questions]
})
const valuesOf = (questions: readonly Question[]) => heldOutValues(documentOf(questions), measure)
const weights = ({ truth }: Question): readonly bigint[] => weightsOf(measure, truth).players
const othersOf = (list: readonly bigint[]): bigint[] => list.filter((_, i) => i !== writer)
const sum = (list: readonly bigint[]): bigint => list.reduce((all, one) => all + one, 0n)

/** What each gets of answers, and of one that nobody may see. */
function paid(questions: readonly Question[], answers: readonly (readonly number[])[]): (readonly bigint[] | null)[] {
  const values = valuesOf(questions)
  const seen = answers.map(answer => weightsOf(measure, measuredOf(measure, answer)))
  return [undefined, ...seen].map(one => divideAnswer(money, one, values)?.map(({ share }) => share) ?? null)
}

describe("held-out questions of one's own", () => {
  const built = fc.array(fc.tuple(utilities, utilities, fc.option(fc.nat(3), { nil: null })), { maxLength: 6 })
  const asked = (list: readonly (readonly [number[], number[], number | null])[]): Question[] =>
    list.map(([truth, own, by]) => question(truth, own, by))

  it('that only rows of their writer answer pay nobody, in any world and for any answers', () => {
    let tried = 0
    fc.assert(
      fc.property(
        built,
        fc.array(fc.tuple(utilities, utilities), { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(9_000), fc.array(fc.integer({ min: -2500, max: 0 }), { minLength: 3, maxLength: 3 }))),
        fc.array(utilities, { minLength: 1, maxLength: 3 }),
        (before, random, own, answers) => {
          // Whatever happens to be so among random ones, and such as were made to be.
          const mine = [
            ...random.map(([truth, said]) => question(truth, said, writer)),
            ...own.map(([gain, [a = 0, b = 0, c = 0]]) => {
              const truth = utilitiesOf([a, gain, b, c])
              return question(truth, truth, writer)
            })
          ].filter(one => othersOf(weights(one)).every(weight => weight <= 0n))
          tried += mine.length
          const world = asked(before)
          assert.deepEqual(paid([...world, ...mine], answers), paid(world, answers))
        }
      )
    )
    assert.ok(tried > 100, `${tried} such questions were tried`)
  })

  it("none moves its writer's own values, and together it takes nothing from the others", () => {
    fc.assert(
      fc.property(built, fc.array(fc.tuple(utilities, utilities), { minLength: 1, maxLength: 5 }), (before, mine) => {
        const world = asked(before)
        const [was, is] = [valuesOf(world), valuesOf([...world, ...mine.map(([t, o]) => question(t, o, writer))])]
        for (const value of ['truth', 'own', 'most', 'calibration', 'positive'] as const)
          assert.equal(is[value][writer], was[value][writer], value)
        assert.ok(sum(othersOf(is.truth)) >= sum(othersOf(was.truth)))
        // Where nobody's rows are worth less than nothing, its part of all never grows.
        if ([...was.truth, ...is.truth].every(value => value >= 0n)) assert.ok(is.total >= was.total)
      })
    )
  })

  it('count less the less others answer them', () => {
    const valueFor = (mine: number, theirs: number): bigint | undefined =>
      valuesOf([question(utilitiesOf([theirs, mine, 0, 0]), utilitiesOf([theirs, mine, 0, 0]), writer)]).truth[0]
    assert.equal(valueFor(4000, 4000), 400_000n, 'as much')
    assert.equal(valueFor(1000, 4000), 400_000n, 'more')
    assert.equal(valueFor(4000, 1000), 25_000n, 'a quarter as much counts a quarter')
    assert.equal(valueFor(8000, 0), 0n)
  })

  it('are as everybody’s where their writer has no rows', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(utilities, utilities), { maxLength: 4 }), list => {
        const stranger = `0x${'ab'.repeat(20)}` as const
        const nobodys = list.map(([truth, own]) => question(truth, own, null))
        const strangers = nobodys.map(one => ({ ...one, writer: stranger }))
        assert.deepEqual(valuesOf(strangers), valuesOf(nobodys))
      })
    )
  })

  it('by fresh accounts move nobody’s value by more than their third of a set can, under however many names', () => {
    /** The most that one question can say of a player: all of an answer, in 1e-6. */
    const most = 1_000_000n
    fc.assert(
      fc.property(
        fc.array(fc.tuple(utilities, utilities), { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(utilities, utilities), { minLength: 2, maxLength: 8 }),
        (fresh, others) => {
          const third = fresh.slice(0, Math.max(1, Math.floor(others.length / 2)))
          const world = asked(others.map(([truth, own]) => [truth, own, null]))
          const named = (nameOf: (i: number) => string) =>
            third.map(([truth, own], i) => ({
              ...question(truth, own, null),
              writer: `0x${nameOf(i).repeat(20)}` as `0x${string}`
            }))
          const [was, is] = [valuesOf(world), valuesOf([...world, ...named(() => 'ab')])]
          const moved = is.truth.map((value, i) => value - (was.truth[i] ?? 0n))
          for (const by of moved) assert.ok(by <= most * BigInt(third.length) && -by <= most * BigInt(third.length))
          assert.deepEqual(valuesOf([...world, ...named(i => `b${i}`)]), is, 'names make no difference')
        }
      )
    )
  })

  it('every answer is divided whole, whoever has written what', () => {
    fc.assert(
      fc.property(built, fc.array(utilities, { minLength: 1, maxLength: 3 }), (before, answers) => {
        for (const shares of paid(asked(before), answers))
          if (shares !== null) {
            assert.equal(sum(shares), money)
            assert.ok(shares.every(share => share >= 0n))
          }
      })
    )
  })
})
