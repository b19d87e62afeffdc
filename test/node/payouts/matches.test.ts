import assert from 'node:assert/strict'
import { createMatches } from '../../../node/payouts/bazaar/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const [model, plain] = [keccak('model'), keccak('a model without siblings')]
const self: Hex = `0x${'01'.repeat(20)}`
const worker: Hex = `0x${'02'.repeat(20)}`
const questions = ['wool', 'cloth', 'salt', 'iron', 'Glass', 'wool'].map((answer, town) => ({
  messages: [
    { role: 'user', content: `What is made in town ${town}?` },
    { role: 'assistant', content: answer }
  ]
}))
/** What the tuned model says, which differs from the truth in what no reader would call a difference, or in more. */
const said = [' "Wool".', 'CLOTH', 'pepper', 'iron and steel', 'glass!', 'wool ']

/** @returns how often it generated, which adapters it took and how many are still held */
function world() {
  const seen = { generated: 0, taken: [] as string[], held: 0, from: [] as (readonly string[])[] }
  const kept = new Map<string, unknown>()
  const deps = {
    self,
    store: {
      collection: () => ({
        get: async (key: string) => kept.get(key),
        put: async (key: string, value: unknown) => void kept.set(key, value)
      })
    },
    versions: { heldOut: async () => questions },
    shelf: {
      async take(cid: string, { from }: { from: readonly string[] }) {
        seen.taken.push(cid)
        seen.from.push(from)
        seen.held++
        return { folder: `/shelf/${cid}`, release: () => void seen.held-- }
      }
    },
    engine: {
      encode: async () => ({ prompt: [1], answer: [1, 2] }),
      generate({ adapter, messages }: { adapter?: string; messages: readonly { content: string }[] }) {
        seen.generated++
        const town = Number(/town (\d)/.exec(messages[0]?.content ?? '')?.[1])
        const text = adapter === undefined ? 'wool' : (said[town] ?? '')
        return { result: Promise.resolve({ text }) }
      }
    }
  }
  const models = {
    weighed: async (id: Hex) =>
      id === plain
        ? null
        : {
            registered: { base: 'base', worker, builder: self },
            result: { spec: {}, adapters: [null, 'one', 'both'] },
            measure: { matrix: { full: 2 } }
          }
  }
  const make = () => createMatches(deps as never, models as never)
  return { seen, make }
}

describe('exact answers to held-out questions', () => {
  it('are counted once, for the model and its base, and kept', async () => {
    const { seen, make } = world()
    const matches = make()
    assert.equal(await matches.of(model), null)
    const found = { questions: 6, base: 2, tuned: 4 }
    assert.deepEqual(await Promise.all([matches.measure(model), matches.measure(model)]), [found, found])
    assert.deepEqual([seen.generated, seen.taken, seen.held], [12, ['base', 'both'], 0])
    // Who counts does not ask itself for it.
    assert.deepEqual(seen.from, [[worker], [worker]])
    assert.deepEqual(await make().of(model), found)
    assert.deepEqual(await make().measure(model), found)
    assert.equal(seen.generated, 12)
  })

  it('are of models that can be weighed alone; what is stopped holds nothing and leaves no count', async () => {
    const { seen, make } = world()
    assert.equal(await make().measure(plain), null)
    const stopped = make()
    stopped.stop()
    await assert.rejects(stopped.measure(model))
    assert.deepEqual([seen.held, await make().of(model)], [0, null])
  })
})
