import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { InferenceContent, Replayed } from '../../../protocol/models/index.ts'
import {
  drawnAnswers,
  drawnSubject,
  findersOf,
  foreignScore,
  isJudged,
  judgeAnswers,
  leastJudged
} from '../../../protocol/payouts/index.ts'
import type { SaidAgain } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const token = (lag: number, more: Partial<Replayed> = {}): Replayed => ({
  lag,
  surprise: 0,
  expected: 0,
  variance: 0,
  apart: 0,
  ...more
})
const answer = (lags: readonly number[], temperature = 0): SaidAgain => ({
  temperature,
  told: lags.map(lag => token(lag))
})
const anAnswer = (lag: fc.Arbitrary<number>): fc.Arbitrary<SaidAgain> =>
  fc
    .record({
      lags: fc.array(lag, { minLength: 1, maxLength: 40 }),
      temperature: fc.constantFrom(0, 1e-6, 0.001, 0.01, 0.7, 1, 5)
    })
    .map(({ lags, temperature }) =>
      answer(
        lags.map(x => (temperature > 0 ? x / temperature : x)),
        temperature
      )
    )
const near = fc.double({ min: 0, max: foreignScore, noNaN: true })
const far = fc.double({ min: foreignScore + 0.01, max: 90, noNaN: true })

describe('answers by other weights than were offered', () => {
  it('are never an honest worker’s, whose scores are off by little, whatever it was asked and how', () => {
    fc.assert(
      fc.property(fc.array(anAnswer(near), { maxLength: 40 }), answers => {
        assert.equal(judgeAnswers(answers).foundOut, false)
      })
    )
  })

  it('are found out in any order, and alike however they are divided', () => {
    fc.assert(
      fc.property(fc.array(anAnswer(fc.oneof(near, far)), { maxLength: 40 }), fc.nat(), (answers, turn) => {
        const turned = [...answers.slice(turn % 7), ...answers.slice(0, turn % 7)]
        assert.deepEqual(judgeAnswers(turned), judgeAnswers(answers))
        assert.deepEqual(judgeAnswers(answers.toReversed()), judgeAnswers(answers))
      })
    )
    const cheat = Array.from({ length: 8 }, () => answer([0, 9, 0, 7, 0, 8, 0, 0]))
    assert.equal(judgeAnswers(cheat).foundOut, true)
    for (const temperature of [1e-6, 0.001, 0.019, 0.7])
      assert.equal(
        judgeAnswers(
          cheat.map(({ told }) =>
            answer(
              told.map(({ lag }) => lag / temperature),
              temperature
            )
          )
        ).foundOut,
        true
      )
  })

  it('need enough of them, and speak in a quarter of them at least', () => {
    const short = Array.from({ length: leastJudged.answers }, () => answer([50]))
    assert.equal(judgeAnswers(short).foundOut, false) // eight tokens
    const few = Array.from({ length: leastJudged.answers - 1 }, () => answer(Array.from({ length: 30 }, () => 50)))
    assert.equal(judgeAnswers(few).foundOut, false)
    const odd = [
      answer(Array.from({ length: 400 }, () => 50)),
      ...Array.from({ length: 11 }, () => answer([0, 0, 0, 0]))
    ]
    assert.equal(judgeAnswers(odd).foundOut, false) // whatever is odd about one answer
    const own = judgeAnswers(Array.from({ length: 9 }, () => answer([50, 0, 0, 0, 0, 0])))
    assert.deepEqual([own.answers, own.tokens, own.foreign, own.telling, own.foundOut], [9, 54, 9, 9, false])
  })

  it('are told from one foreign token in a hundred, however many there are', () => {
    // Beyond what a double can hold a tail is no reason either.
    const many = Array.from({ length: 2_000 }, (_, i) =>
      answer(Array.from({ length: 100 }, (_, k) => (k === i % 100 ? 50 : 0)))
    )
    const judged = judgeAnswers(many)
    assert.deepEqual([judged.tokens, judged.foreign, judged.chance, judged.foundOut], [200_000, 2_000, 1, false])
  })

  it('are nobody’s where another engine has drawn them, or where they end otherwise', () => {
    const drawn = token(30, { surprise: 1, expected: 1, variance: 1, apart: 0.6 })
    const redrawn = Array.from({ length: 20 }, (): SaidAgain => ({
      temperature: 1,
      told: Array.from({ length: 20 }, () => drawn)
    }))
    const found = judgeAnswers(redrawn)
    assert.deepEqual([found.answers, found.foundOut], [0, false])
    // Each too short to say so by itself.
    const pieces = Array.from({ length: 60 }, (): SaidAgain => ({ temperature: 1, told: [drawn, drawn] }))
    assert.equal(judgeAnswers(pieces).foundOut, false)
    const ended = Array.from({ length: 20 }, () => answer(Array.from({ length: 20 }, () => Number.POSITIVE_INFINITY)))
    assert.equal(judgeAnswers(ended).foundOut, false)
  })

  it('are judged only where everybody can say them again alike', () => {
    const content = { topK: 0, topP: 1, resume: [] } as unknown as InferenceContent
    assert.equal(isJudged(content), true)
    for (const change of [{ topK: 1 }, { topP: 0.99 }, { form: '{}' }, { context: 1 }, { resume: [1] }])
      assert.equal(isJudged({ ...content, ...change }), false, JSON.stringify(change))
  })

  it('are spoken of in vain where fewer than a panel of that size needs may speak, three at least', () => {
    const isEnough = (against: number, seats: number): boolean => against >= 3 && against * 3 > seats * 2
    for (let seats = 0; seats <= 9; seats++) {
      assert.equal(isEnough(findersOf(seats), seats), true)
      assert.equal(isEnough(findersOf(seats) - 1, seats), false)
    }
  })

  it('are named alike by everybody, by worker and model, those alone that were drawn', () => {
    const [a, b, c] = ['0xaa', '0xbb', '0xcc'] as const
    const receipt = (worker: string, model: string): CosignedReceipt =>
      ({ worker, receipt: { message: { model } } }) as unknown as CosignedReceipt
    const receipts = [receipt('0x1', a), receipt('0x1', b), receipt('0x2', a), receipt('0x1', a), receipt('0x1', a)]
    const one: Address[] = ['0x9']
    assert.deepEqual(drawnAnswers(receipts, [one, one, one, [], one]), [
      { worker: '0x1', model: a, places: [0, 4] },
      { worker: '0x1', model: b, places: [1] },
      { worker: '0x2', model: a, places: [2] }
    ])
    const ids: Hex[] = [a, b, c]
    assert.equal(drawnSubject(ids), drawnSubject(ids.toReversed()))
    assert.notEqual(drawnSubject(ids), drawnSubject([a, b]))
  })
})
