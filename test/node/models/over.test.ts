import assert from 'node:assert/strict'
import { createTellingOver } from '../../../node/models/over.ts'
import type { ModelEvents } from '../../../node/models/types.ts'
import { createEvents } from '../../../node/runtime/events.ts'
import type { Log } from '../../../node/runtime/types.ts'
import { everyModelOver, mostOver } from '../../../protocol/models/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const idOf = (i: number): Hex => `0x${i.toString(16).padStart(64, '0')}`
const model = (i: number, base: string, change: object = {}) => ({
  record: {
    id: idOf(i),
    base,
    adapter: `adapter ${i}`,
    result: '',
    name: `model ${i}`,
    datanet: idOf(9_000),
    ...change
  },
  retired: false
})

describe('telling light peers of models that are offered by their base alone', () => {
  const log = { error: () => undefined } as unknown as Log
  // A base with a crowd, one with a single model, one that nobody offers whole, and what is no such model.
  const crowd = Array.from({ length: 300 }, (_, i) => model(i, 'crowded'))
  const few = model(1_000, 'quiet', { name: 'one of few', datanet: idOf(9_001) })
  const alone = model(1_001, 'unoffered', { name: 'one of few' })
  const silent = model(1_002, 'unoffered')
  const retired = { ...model(1_003, 'quiet'), retired: true }
  const agent = model(1_004, 'quiet', { adapter: null, result: 'quiet' })
  const listed = [...crowd, few, alone, silent, retired, agent]
  const bases = new Map(['crowded', 'quiet'].map(base => [everyModelOver(base), base]))
  let time = 1_000
  let looked = 0
  const events = createEvents<ModelEvents>(log)
  const board = [...bases.keys(), alone.record.id].map(of => ({ message: { model: of } }))
  const telling = createTellingOver(
    {
      list: (of?: Hex) => board.filter(({ message }) => of === undefined || message.model === of) as never
    },
    {
      list() {
        looked++
        return listed as never
      },
      baseOf: name => bases.get(name)
    },
    { clock: { now: () => time } as never, events }
  )
  async function ask(question: object): Promise<readonly Hex[]> {
    let told: readonly Hex[] = []
    await telling({
      next: async () => question,
      send: async (frame: { models: readonly Hex[] }) => void (told = frame.models)
    } as never)
    return told
  }

  it('says the newest of each base in turn, and no more than an answer holds', async () => {
    const told = await ask({})
    assert.equal(told.length, mostOver)
    assert.deepEqual(told.slice(0, 3), [few.record.id, idOf(299), idOf(298)])
    assert.ok([alone, silent, retired, agent].every(({ record }) => !told.includes(record.id)))
  })

  it('says those of a Datanet, and of a name also what is offered by itself', async () => {
    assert.deepEqual(await ask({ datanet: idOf(9_001) }), [few.record.id])
    assert.deepEqual([...(await ask({ name: 'one of few' }))].sort(), [few.record.id, alone.record.id])
    assert.deepEqual(await ask({ name: 'model 7' }), [idOf(7)])
    assert.deepEqual(await ask({ name: 'model 1002' }), [], 'nobody offers it')
  })

  it('goes through the catalogue once a second, and at once where something is new', async () => {
    time += 1_000
    const before = looked
    await ask({})
    await ask({ name: 'model 1' })
    assert.equal(looked, before + 1)
    events.emit('models.offered', { model: idOf(1), worker: `0x${'11'.repeat(20)}` })
    await ask({})
    assert.equal(looked, before + 2)
  })

  for (const [shape, baseOf] of [
    ['one base', () => 'crowded'],
    ['as many bases', (i: number) => `base ${i}`]
  ] as const)
    it(`takes no more steps than an answer needs of ten thousand models over ${shape}`, async () => {
      let steps = 0
      const many = Array.from({ length: 10_000 }, (_, i) => {
        const { record } = model(i, baseOf(i))
        Object.defineProperty(record, 'id', { get: () => (steps++, idOf(i)) })
        return { record, retired: false }
      })
      const names = new Map(many.map(({ record }) => [everyModelOver(record.base), record.base]))
      const offers = [...names.keys()].map(of => ({ message: { model: of } }))
      const tell = createTellingOver(
        { list: () => offers as never },
        { list: () => many as never, baseOf: name => names.get(name) },
        { clock: { now: () => 1 } as never, events: createEvents<ModelEvents>(log) }
      )
      let told: readonly Hex[] = []
      await tell({
        next: async () => ({}),
        send: async (frame: { models: readonly Hex[] }) => void (told = frame.models)
      } as never)
      assert.deepEqual(
        told,
        Array.from({ length: mostOver }, (_, i) => idOf(9_999 - i))
      )
      assert.ok(steps <= mostOver ** 2, String(steps))
    })
})
