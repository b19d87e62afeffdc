import assert from 'node:assert/strict'
import { shortest, tellMoney } from './money/story.ts'
import { shrink } from './shrink.ts'
import { tellStory } from './story.ts'

/** As many seeds as fit: the first ones always, and no more than these. */
const [first, most, mostMs] = [4, 1_000, 50_000]

describe('the data phase in a simulated world', function () {
  this.timeout(600_000)

  it('comes to one end at every node, loses nothing, and charges nobody honest, whatever goes wrong', async () => {
    const began = performance.now()
    let seed = 0
    while (seed < first || (seed < most && performance.now() - began < mostMs)) {
      const story = await tellStory(++seed)
      if (story.faults.length === 0) continue
      const { script, story: smallest } = await shrink(story)
      const needed = `${script.troubles.join(', ') || 'no trouble'} for ${script.stormMs / 1000} s`
      assert.fail(
        [`seed ${seed}, with ${needed}:`, ...smallest.told, '', ...smallest.faults].join('\n') +
          `\nagain: npm run simulate -- --seed ${seed} --seeds 1`
      )
    }
    console.log(`      seeds 1 to ${seed} in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  })

  it('is the same story each time that a seed is played', async () => {
    const [one, two] = [await tellStory(5), await tellStory(5)]
    assert.deepEqual(one, two)
    assert.ok(one.told.length > 2 && one.contributions > 0)
  })
})

describe('the money of a pool in a simulated world', function () {
  this.timeout(600_000)
  const [first, most, mostMs] = [5, 1_000, 10_000]

  it('is kept to the unit, counts each receipt once, and costs nobody honest a bond, whoever settles', () => {
    const began = performance.now()
    const sum = { receipts: 0, epochs: 0, vetoed: 0 }
    let seed = 0
    while (seed < first || (seed < most && performance.now() - began < mostMs)) {
      const story = tellMoney(++seed)
      for (const key of ['receipts', 'epochs', 'vetoed'] as const) sum[key] += story[key]
      if (story.faults.length === 0) continue
      const { told, faults } = shortest(story)
      assert.fail(
        [`seed ${seed}:`, ...told, '', ...faults].join('\n') +
          `\nagain: npm run simulate -- --seed ${seed} --seeds 1 --only money`
      )
    }
    assert.ok(sum.receipts > 0 && sum.epochs > 0 && sum.vetoed > 0)
    console.log(`      seeds 1 to ${seed}: ${sum.epochs} epochs final, ${sum.vetoed} vetoed`)
  })

  it('is the same story each time that a seed is played', () => {
    assert.deepEqual(tellMoney(3), tellMoney(3))
  })
})
