import assert from 'node:assert/strict'
import { isMet, targetsOf, type LabResult, type WorldResult } from '../../../node/lab/index.ts'
import { fairnessOf } from '../../../node/lab/report/fairness.ts'
import { plotsOf } from '../../../node/lab/report/plots.ts'

const seconds = { training: 60, measuring: 5 }
const exactly = (value: number) => ({ mean: value, low: value, high: value })

/** A world in which the present rule is off by so much, and pays so much to who is wrong. */
function worldOf(error: number, toWrong: number): WorldResult {
  const rule = { shares: [1 - toWrong, toWrong], error: exactly(error), rankCorrelation: 0.9, movedByCalls: 0 }
  return {
    name: 'small',
    data: 'facts',
    judged: 'match',
    seed: 1,
    players: [
      { name: 'foundation', kind: 'foundation', epoch: 1, rows: 10 },
      { name: 'wrong', kind: 'wrong', epoch: 2, rows: 3 }
    ],
    refused: [{ name: 'copier', reason: 'mostly-duplicate' }],
    truthBy: 'all coalitions',
    truthSeeds: [101, 102],
    ruleSeeds: [1],
    siblings: 2,
    questions: 9,
    right: 8,
    logs: {
      uniform: {
        truth: [1, 0],
        ceiling: { error: exactly(0.03), rankCorrelation: 1 },
        rules: { present: rule, equal: { ...rule, shares: [0.5, 0.5], error: exactly(1) } }
      }
    },
    epochs: [
      { epoch: 1, players: ['foundation'], oneShot: 0.2, resettled: 0.08 },
      // The last version: nothing says anything later.
      { epoch: 2, players: ['foundation', 'wrong'], oneShot: 0.9, resettled: 0.9 }
    ],
    seconds
  }
}

const resultOf = (worlds: readonly WorldResult[]): LabResult => ({
  mode: 'quick',
  base: { name: 'seedling', id: '00', parameters: 3_220_000 },
  settings: {},
  rules: ['equal', 'present'],
  worlds,
  attacks: [
    {
      name: 'copies',
      what: 'rows of an earlier author <again> & again',
      of: 'what was copied',
      target: 0.05,
      refused: ['attacker'],
      taken: { present: 0.01, rows: 0.5 },
      seconds
    }
  ],
  cost: [{ world: 'small', players: 2, siblings: 2, times: 1 }],
  missing: ['format-13'],
  trained: 6,
  machine: '2 × somebody’s'
})

const found = (result: LabResult, what: string) => targetsOf(result).find(target => target.what.startsWith(what))

describe('the report of the laboratory', () => {
  it('says of each target whether it is met in the worst case, is not, or was not measured', () => {
    const good = resultOf([worldOf(0.04, 0.01), worldOf(0.01, 0)])
    const bad = resultOf([worldOf(0.04, 0.01), worldOf(0.2, 0.1)])
    const met = (result: LabResult, what: string) => {
      const target = found(result, what)
      return target === undefined ? undefined : isMet(target)
    }
    assert.equal(met(good, 'error of shares, up to 8'), true)
    assert.equal(met(bad, 'error of shares, up to 8'), false)
    assert.equal(met(good, 'invented and wrong'), true)
    assert.equal(met(bad, 'invented and wrong'), false)
    assert.equal(met(good, 'error of shares, 16'), null)
    assert.equal(met(good, 'copies and false names'), true)
    assert.equal(met(good, 'error after re-settlement'), true)
    assert.equal(found(bad, 'error of shares, up to 8')?.found?.worst, 0.2)
  })

  it('says beside the error how far another training of the truth is off, where there is one', () => {
    const { logs, ...world } = worldOf(0.2, 0)
    const log = logs.uniform
    assert.ok(log !== undefined)
    const once: WorldResult = {
      ...world,
      logs: { uniform: { ...log, ceiling: { error: null, rankCorrelation: null } } }
    }
    const another = (...worlds: WorldResult[]) => found(resultOf(worlds), 'error of shares, up to 8')?.found?.another
    assert.equal(another(worldOf(0.2, 0), once), 0.03)
    assert.equal(another(once), null)
    assert.match(fairnessOf(resultOf([worldOf(0.2, 0)]), 'docs/fairness'), /0\.20 \| 0\.20 \| 1 \| 0\.03 \| no/)
  })

  it('counts what likelihood would pay by itself, and what is paid beyond the truth', () => {
    const likely: WorldResult = { ...worldOf(0.6, 0.1), name: 'small by likelihood', judged: 'likelihood' }
    const both = resultOf([{ ...worldOf(0.02, 0.01), judged: 'parts' }, likely])
    assert.equal(found(both, 'error of shares, up to 8')?.found?.worst, 0.02)
    assert.equal(found(both, 'error of shares, long answers')?.found?.worst, 0.6)
    assert.equal(found(both, 'invented and wrong facts earn beyond')?.found?.worst, 0.1)
    assert.match(fairnessOf(both, 'docs/fairness'), /The two truths of small are 0\.00 apart/)
  })

  it('names on its page what is missing, what fails, who was refused, and the command of each figure', () => {
    const page = fairnessOf(resultOf([worldOf(0.2, 0.1)]), 'docs/fairness')
    assert.match(page, /format-13 is missing/)
    assert.match(
      page,
      /- error of shares, up to 8 players: 0\.20 at worst \(small, uniform\), where 0\.05 was aimed at/
    )
    assert.match(page, /copier \(mostly-duplicate\)/)
    assert.ok(page.split('`tilth lab run --quick`').length > 3)
    assert.match(page, /!\[[^\]]+\]\(docs\/fairness\/errors\.svg\)/)
  })

  it('draws what can be read as SVG, whatever names hold', () => {
    for (const { svg } of plotsOf(resultOf([worldOf(0.2, 0.1)]))) {
      assert.match(svg, /^<svg [^]*<\/svg>\n$/)
      assert.doesNotMatch(svg, /NaN|undefined|Infinity|& /)
    }
  })
})
