import assert from 'node:assert/strict'
import { tellMany } from './many.ts'
import { shortest, tellMoney } from './money/story.ts'
import { shrink } from './shrink.ts'
import { tellStory } from './story.ts'

/** On two cores that are this test's alone both kinds take some three minutes; beside others, as many as fit. */
const seeds = { from: 1, most: 1_000, least: 4, ms: 140_000 }

describe('the data phase in a simulated world', function () {
  this.timeout(600_000)

  it('comes to one end at every node, loses nothing, and charges nobody honest, whatever goes wrong', async () => {
    const began = performance.now()
    const { told, broken } = await tellMany('data', seeds)
    if (broken !== undefined) {
      const { script, story: smallest } = await shrink(broken)
      const needed = `${script.troubles.join(', ') || 'no trouble'} for ${script.stormMs / 1000} s`
      assert.fail(
        [`seed ${broken.seed}, with ${needed}:`, ...smallest.told, '', ...smallest.faults].join('\n') +
          `\nagain: npm run simulate -- --seed ${broken.seed} --seeds 1`
      )
    }
    console.log(`      ${told} seeds in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  })

  it('is the same story each time that a seed is played', async () => {
    const stories = []
    for (const seed of [3, 4, 9]) stories.push([await tellStory(seed), await tellStory(seed)] as const)
    for (const [one, two] of stories) assert.deepEqual(one, two)
    assert.ok(stories.some(([{ told, contributions }]) => told.length > 2 && contributions > 0))
  })
})

describe('the money of a pool in a simulated world', function () {
  this.timeout(600_000)

  it('is kept to the unit, counts each receipt once, and costs nobody honest a bond, whoever settles', async () => {
    const sum = { receipts: 0, epochs: 0, vetoed: 0 }
    const { told, broken } = await tellMany('money', { ...seeds, ms: 50_000 }, story => {
      for (const key of ['receipts', 'epochs', 'vetoed'] as const) sum[key] += story[key]
    })
    if (broken !== undefined) {
      const { told: story, faults } = shortest(broken)
      assert.fail(
        [`seed ${broken.seed}:`, ...story, '', ...faults].join('\n') +
          `\nagain: npm run simulate -- --seed ${broken.seed} --seeds 1 --only money`
      )
    }
    assert.ok(sum.receipts > 0 && sum.epochs > 0 && sum.vetoed > 0)
    console.log(`      ${told} seeds: ${sum.epochs} epochs final, ${sum.vetoed} vetoed`)
  })

  it('is the same story each time that a seed is played', () => {
    assert.deepEqual(tellMoney(3), tellMoney(3))
  })
})
