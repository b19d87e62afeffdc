import assert from 'node:assert/strict'
import { endThreads, tellMany } from './many.ts'
import { shortest, tellMoney } from './money/story.ts'
import { tellServing } from './serving/story.ts'
import { tellWorking } from './working/story.ts'
import { shrink } from './shrink.ts'
import type { Script } from './script.ts'
import { tellStory } from './story.ts'

/**
 * On two cores that are this test's alone all kinds take two and a half minutes; beside others, as many as fit.
 */
const seeds = { from: 1, most: 1_000, least: 4, ms: 78_000 }

interface Told {
  readonly seed: number
  readonly told: readonly string[]
  readonly faults: readonly string[]
}
/** Fails with a broken story, told with no more than it needs. */
async function failWith<T extends Told>(
  kind: string,
  broken: T,
  tell: (seed: number, script: Script) => Promise<T>
): Promise<never> {
  const { script, story } = await shrink(broken, tell)
  const needed = `${script.troubles.join(', ') || 'no trouble'} for ${script.stormMs / 1000} s`
  return assert.fail(
    [`seed ${broken.seed}, with ${needed}:`, ...story.told, '', ...story.faults].join('\n') +
      `\nagain: npm run simulate -- --seed ${broken.seed} --seeds 1 --only ${kind}`
  )
}

describe('the data phase in a simulated world', function () {
  this.timeout(600_000)

  it('comes to one end at every node, loses nothing, and charges nobody honest, whatever goes wrong', async () => {
    const began = performance.now()
    const { told, broken } = await tellMany('data', seeds)
    if (broken !== undefined) await failWith('data', broken, tellStory)
    console.log(`      ${told} seeds in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  })

  // Blocks are taken back, again and again, with what was decided already: what comes to stand before it is open still.
  it('accepts what takes the place of what was decided and the chain took back', async () => {
    const { faults, contributions, accepted } = await tellStory(567, {
      troubles: ['reorganisations', 'lies'],
      stormMs: 10_500
    })
    assert.deepEqual(faults, [])
    assert.deepEqual({ contributions, accepted }, { contributions: 5, accepted: 5 })
  })

  it('is the same story each time that a seed is played', async () => {
    const stories = []
    for (const seed of [3, 4, 9]) stories.push([await tellStory(seed), await tellStory(seed)] as const)
    for (const [one, two] of stories) assert.deepEqual(one, two)
    assert.ok(stories.some(([{ told, contributions }]) => told.length > 2 && contributions > 0))
  })
})

describe('jobs in a simulated world', function () {
  this.timeout(600_000)

  it('pay whoever delivered, give back what was not, and come to a model, whoever cheats', async () => {
    const began = performance.now()
    const sum = { jobs: 0, completed: 0 }
    const { told, broken } = await tellMany('working', { ...seeds, most: 100, ms: 23_000 }, story => {
      for (const key of ['jobs', 'completed'] as const) sum[key] += story[key]
    })
    if (broken !== undefined) await failWith('working', broken, tellWorking)
    assert.ok(sum.jobs > 0 && sum.completed > 0)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    console.log(`      ${told} seeds in ${seconds} s: ${sum.completed} of ${sum.jobs} jobs came to a model`)
  })

  it('is the same story each time that a seed is played', async () => {
    const [one, two] = [await tellWorking(5), await tellWorking(5)]
    assert.deepEqual(one, two)
    assert.ok(one.told.length > 2 && one.jobs > 0)
  })
})

describe('questions and channels in a simulated world', function () {
  this.timeout(600_000)

  it('pay to the unit what was promised, and lose no receipt, whatever goes wrong and whoever cheats', async () => {
    const began = performance.now()
    const sum = { answers: 0, receipts: 0, paid: 0 }
    const { told, broken } = await tellMany('serving', { ...seeds, most: 200, ms: 23_000 }, story => {
      for (const key of ['answers', 'receipts', 'paid'] as const) sum[key] += story[key]
    })
    if (broken !== undefined) await failWith('serving', broken, tellServing)
    assert.ok(sum.answers > 0 && sum.receipts > 0 && sum.paid > 0)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    console.log(`      ${told} seeds in ${seconds} s: ${sum.answers} answers, ${sum.receipts} receipts`)
  })

  it('is the same story each time that a seed is played', async () => {
    const [one, two] = [await tellServing(5), await tellServing(5)]
    assert.deepEqual(one, two)
    assert.ok(one.told.length > 2 && one.receipts > 0)
  })
})

describe('the money of a pool in a simulated world', function () {
  this.timeout(600_000)
  after(endThreads)

  it('is kept to the unit, counts each receipt once, and costs nobody honest a bond, whoever settles', async () => {
    const sum = { receipts: 0, epochs: 0, vetoed: 0 }
    const { told, broken } = await tellMany('money', { ...seeds, ms: 23_000 }, story => {
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
