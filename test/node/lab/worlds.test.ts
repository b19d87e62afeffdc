import assert from 'node:assert/strict'
import fc from 'fast-check'
import { answerKey } from '../../../protocol/data/index.ts'
import { dataKinds, kinds, queryLogs, type World } from '../../../node/lab/types.ts'
import { acceptedOf } from '../../../node/lab/worlds/accepted.ts'
import { lateValue } from '../../../node/lab/worlds/late-value.ts'
import { attacksOf, peaceful } from '../../../node/lab/worlds/attacks.ts'
import { worldOf, type WorldPlan } from '../../../node/lab/worlds/world.ts'

const everybody = (seed: number, data: WorldPlan['data'] = 'facts'): WorldPlan => ({
  name: 'everybody',
  data,
  seed,
  cast: kinds.map(kind => ({ kind, topics: 4, ...(kind === 'many-names' ? { count: 2 } : {}) }))
})
const anySeed = fc.integer({ min: 0, max: 1_000_000 })

/** Rows of a world by what they say of a question's topic. */
const answersTo = (world: World, name: string): string[] =>
  world.contributors.filter(one => one.name === name).flatMap(({ rows }) => rows.map(({ response }) => response))

describe('worlds of the laboratory', () => {
  it('follow from their seed, and from it alone', () => {
    fc.assert(
      fc.property(anySeed, fc.constantFrom(...dataKinds), (seed, data) => {
        assert.deepEqual(worldOf(everybody(seed, data)), worldOf(everybody(seed, data)))
      }),
      { numRuns: 30 }
    )
    assert.notDeepEqual(worldOf(everybody(1)).questions, worldOf(everybody(2)).questions)
  })

  it('ask in words that no row and no held-out question has, and hold every kind of contributor', () => {
    fc.assert(
      fc.property(anySeed, fc.constantFrom(...dataKinds), (seed, data) => {
        const world = worldOf(everybody(seed, data))
        const honest = world.questions.filter((_, q) => (world.logs.uniform[q] ?? 0) > 0)
        const prompts = new Set(world.contributors.flatMap(({ rows }) => rows.map(({ prompt }) => prompt)))
        for (const { prompt } of [...honest, ...world.heldOut]) assert.ok(!prompts.has(prompt), prompt)
        const heldOut = new Set(world.heldOut.map(({ prompt }) => prompt))
        assert.ok(honest.every(({ prompt }) => !heldOut.has(prompt)))
        assert.deepEqual(new Set(world.contributors.map(({ kind }) => kind)), new Set(kinds))
      }),
      { numRuns: 30 }
    )
  })

  it('arrive over four epochs, and each log is money for the questions there are', () => {
    const world = worldOf(everybody(3))
    const epochs = world.contributors.map(({ epoch }) => epoch)
    assert.deepEqual(
      epochs,
      epochs.toSorted((a, b) => a - b)
    )
    assert.deepEqual([...new Set(epochs)], [1, 2, 3, 4])
    for (const log of queryLogs) {
      assert.equal(world.logs[log].length, world.questions.length)
      assert.ok(world.logs[log].every(fee => fee >= 0))
    }
    // Half of the adversarial money is of friends of whoever is wrong.
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
    const honest = world.logs.uniform.filter(fee => fee > 0).length
    const [all, theirs] = [sum(world.logs.adversarial), sum(world.logs.adversarial.slice(honest))]
    assert.ok(Math.abs(theirs / all - 0.5) < 1e-9)
  })

  it('are wrong where somebody is wrong, and right elsewhere', () => {
    fc.assert(
      fc.property(anySeed, seed => {
        const world = worldOf(everybody(seed))
        const known = new Map(world.questions.map(({ topic, response }) => [topic, answerKey(response)]))
        const wrong = world.contributors.find(({ kind }) => kind === 'wrong')
        const asked = world.questions.filter((_, q) => (world.logs.uniform[q] ?? 0) === 0)
        assert.equal(asked.length, wrong?.rows.length)
        for (const [i, { topic }] of asked.entries())
          assert.notEqual(answerKey(wrong?.rows[i]?.response ?? ''), known.get(topic))
      }),
      { numRuns: 30 }
    )
  })

  it('go through the validators’ checks: copies are nobody’s own, players stand in the order of authorship', () => {
    const { players, rows, owners, refused, epochs } = acceptedOf(worldOf(everybody(5)))
    assert.equal(rows.length, owners.length)
    assert.deepEqual(
      owners,
      owners.toSorted((a, b) => a - b)
    )
    assert.deepEqual([...new Set(owners)], [...players.keys()])
    assert.equal(epochs.length, players.length)
    const texts = rows.map(row => JSON.stringify(row))
    assert.equal(new Set(texts).size, texts.length)
    assert.ok(refused.every(({ name }) => !players.includes(name)))
  })

  it('refuse a cast that needs more topics than there are', () => {
    assert.throws(
      () => worldOf({ name: 'big', data: 'classes', seed: 1, cast: [{ kind: 'foundation', topics: 500 }] }),
      { code: 'lab.world' }
    )
  })

  it('whose foundation is worth something late: nobody before the third epoch has rows in its form', () => {
    const world = lateValue(7)
    const [foundation, early, key] = world.contributors
    const isEntry = ({ response }: { readonly response: string }): boolean => response.startsWith('Trade: ')
    assert.ok(foundation?.rows.every(isEntry) === true && key?.rows.every(isEntry) === true)
    assert.ok(early?.rows.some(isEntry) === false)
    assert.deepEqual(
      world.contributors.map(({ epoch }) => epoch),
      [1, 1, 3]
    )
    const { players, refused } = acceptedOf(world)
    assert.deepEqual([players, refused], [['foundation', 'early', 'key'], []])
    // Everybody is asked about, in words that no row and no held-out question has.
    const known = new Set([...world.contributors.flatMap(({ rows }) => rows), ...world.heldOut].map(one => one.prompt))
    assert.ok(world.questions.every(({ prompt }) => !known.has(prompt)))
    for (const { topics } of world.contributors)
      assert.ok(topics.every(topic => world.questions.some(question => question.topic === topic)))
    assert.equal(world.logs.uniform.length, world.questions.length)
  })

  it('are attacked by who adds nothing of its own, or only its own', () => {
    const peace = peaceful(7)
    for (const { accounts, world, name } of attacksOf(7)) {
      assert.deepEqual(world.questions, peace.questions)
      const attackers = world.contributors.filter(one => accounts.includes(one.name))
      assert.equal(attackers.length, accounts.length, name)
      assert.ok(attackers.every(({ rows }) => rows.length > 0))
    }
    const split = attacksOf(7).find(({ name }) => name === 'split')
    const dealt = split?.accounts.flatMap(account => answersTo(split.world, account)).sort()
    assert.deepEqual(dealt, answersTo(peace, 'foundation').sort())
  })
})
