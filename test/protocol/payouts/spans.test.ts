import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { probabilityUnit, roundProbability, spanUtilities, utilityUnit } from '../../../protocol/payouts/index.ts'

/** Coalitions of three players, the empty one first; deviations are taken over the others. */
const masks = Array.from({ length: 8 }, (_, mask) => mask)
const siblings = masks.slice(1)
const known = 0.9
const unknown = 0.05
/** A token that the players of a mask know. */
const fact = (by: number): number[] => masks.map(mask => ((mask & by) === 0 ? unknown : known))
/** A token that every sibling knows, and the base does not. */
const form = masks.map(mask => (mask === 0 ? 0.01 : 0.98))
const answer = (...tokens: readonly number[][]): number[][] => masks.map(mask => tokens.map(token => token[mask] ?? 0))
const utilities = (...tokens: readonly number[][]): number[] => spanUtilities(answer(...tokens), siblings)

const probability = fc.double({ min: 0, max: 1, noNaN: true })
const anyAnswer = fc
  .integer({ min: 0, max: 24 })
  .chain(tokens =>
    fc.array(fc.array(probability, { minLength: tokens, maxLength: tokens }), { minLength: 8, maxLength: 8 })
  )

describe('utilities of an answer', () => {
  it('are its fact alone: what every sibling knows counts nothing, however much of it there is', () => {
    const alone = utilities(fact(1))
    assert.deepEqual(
      alone,
      masks.map(mask => ((mask & 1) === 0 ? 500 : 9000))
    )
    assert.deepEqual(utilities(form, form, form, fact(1), form, form, form, form), alone)
  })

  it('take the tokens of one fact together, and facts that stand apart each for itself', () => {
    const together = utilities(fact(1), fact(1))
    assert.equal(together[1], 8100)
    const apart = utilities(fact(1), form, form, fact(2))
    assert.deepEqual([apart[0], apart[1], apart[2], apart[3]], [500, 4750, 4750, 9000])
    // One token of form between them: still one fact.
    assert.equal(utilities(fact(1), form, fact(1))[1], 8100)
  })

  it('of a long answer whose form not every sibling knows are those of its facts, not of its length', () => {
    // The third player's rows are of another form: without the others' no token of the answer is likely.
    const taught = (by: number): number[] => masks.map(mask => ((mask & by) === 0 ? 0.0001 : 0.95))
    const found = utilities(...Array.from({ length: 24 }, (_, t) => (t % 8 === 0 ? fact(1) : taught(3))))
    // Who knows form and facts, the form alone, and neither; the plain product would be 0.24 for the first.
    assert.ok((found[1] ?? 0) > 7500 && (found[7] ?? 0) > 7500, found.join())
    assert.ok((found[2] ?? 0) < 2500 && (found[2] ?? 0) > 500, found.join())
    assert.ok((found[4] ?? 0) < 10 && (found[0] ?? 0) < 10, found.join())
    // However long it is.
    const long = utilities(...Array.from({ length: 4000 }, (_, t) => (t % 8 === 0 ? fact(1) : taught(3))))
    assert.ok(Math.abs((long[1] ?? 0) - (found[1] ?? 0)) < 300, long.join())
    assert.ok((long[4] ?? 0) < 10, long.join())
  })

  it('are nothing where nobody disagrees: no token, tokens that all know, and noise', () => {
    assert.deepEqual(
      spanUtilities(
        masks.map(() => []),
        siblings
      ),
      masks.map(() => 0)
    )
    assert.deepEqual(
      utilities(form, form),
      masks.map(() => 0)
    )
    assert.deepEqual(
      utilities(masks.map(mask => 0.5 + mask / 1e4)),
      masks.map(() => 0)
    )
  })

  it('are whole numbers from 0 to 1, for any answer', () => {
    fc.assert(
      fc.property(anyAnswer, probabilities => {
        const found = spanUtilities(probabilities, siblings)
        assert.equal(found.length, 8)
        assert.ok(found.every(utility => Number.isInteger(utility) && utility >= 0 && utility <= utilityUnit))
      })
    )
  })

  it('of two machines are one unit apart at most, wherever a token stands: no threshold flips', () => {
    const noise = fc.array(fc.double({ min: -2e-6, max: 2e-6, noNaN: true }), { minLength: 200, maxLength: 200 })
    // Tokens that some know better than others, by much or by next to nothing.
    const token = fc.record({ by: fc.nat(7), base: probability, adds: fc.double({ min: -4, max: 0, noNaN: true }) })
    const graded = fc
      .array(token, { maxLength: 24 })
      .map(tokens =>
        masks.map(mask =>
          tokens.map(({ by, base, adds }) => Math.min(1, base * 0.9 + ((mask & by) === 0 ? 0 : 10 ** adds)))
        )
      )
    // Long spans of tokens of which some are next to impossible.
    const unlikely = fc
      .array(fc.constantFrom(0, 1e-6, 1e-5, 1e-3, 0.5, 1), { minLength: 192, maxLength: 192 })
      .map(all => masks.map((_, k) => all.slice(k * 24, k * 24 + 24)))
    fc.assert(
      fc.property(fc.oneof(anyAnswer, graded, unlikely), noise, (probabilities, off) => {
        const near = probabilities.map((own, k) =>
          own.map((p, t) => Math.min(1, Math.max(0, p + (off[(k * 24 + t) % off.length] ?? 0))))
        )
        const [here, there] = [spanUtilities(probabilities, siblings), spanUtilities(near, siblings)]
        here.forEach((utility, k) => {
          assert.ok(Math.abs(utility - (there[k] ?? 0)) <= 1, `${here.join()} and ${there.join()}`)
        })
      }),
      { numRuns: 1000 }
    )
  })

  it('move little where a token comes near to counting', () => {
    // The second token's disagreement grows from nothing to a third of the first one's.
    let before = utilities(
      fact(1),
      form,
      form,
      masks.map(() => 0.5)
    )
    for (let step = 1; step <= 300; step++) {
      const after = utilities(
        fact(1),
        form,
        form,
        masks.map(mask => 0.5 + ((mask & 2) === 0 ? 0 : step / 1000))
      )
      after.forEach((utility, k) => {
        assert.ok(Math.abs(utility - (before[k] ?? 0)) < 150, `step ${step}: ${before.join()} to ${after.join()}`)
      })
      before = after
    }
  })

  it('of a very long answer take no time, and those of the same token again and again are those of its fact', () => {
    const long = Array.from({ length: 20_000 }, (_, t) => (t % 50 === 0 ? fact(1 + (t % 7)) : form))
    assert.equal(utilities(...long).length, 8)
    const repeated = utilities(fact(1), ...Array.from({ length: 200 }, () => form))
    assert.deepEqual(repeated, utilities(fact(1)))
  })

  it('refuse what is no probability, and coalitions of other lengths', () => {
    for (const wrong of [Number.NaN, 1.01, -0.01, Number.POSITIVE_INFINITY])
      assert.throws(
        () => roundProbability(wrong),
        (error: unknown) => error instanceof InvalidError && error.code === 'utility.range'
      )
    assert.deepEqual([roundProbability(1 + 1e-7), roundProbability(-1e-7)], [probabilityUnit, 0])
    assert.throws(
      () => spanUtilities([[0.5], []], [1]),
      (error: unknown) => error instanceof InvalidError && error.code === 'utilities.count'
    )
  })
})
