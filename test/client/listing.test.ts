import assert from 'node:assert/strict'
import { listing } from '../../client/listing.ts'
import { createAcquaintance } from '../../node/models/client/workers.ts'
import { systemClock } from '../../node/runtime/clock.ts'
import { everyModelOver } from '../../protocol/models/index.ts'
import type { OffersQuestion, OverQuestion } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { allOf } from './network.ts'

const idOf = (i: number): Hex => `0x${i.toString(16).padStart(64, '0')}`
const model = (i: number) => ({
  id: idOf(i),
  name: `model ${i}`,
  base: 'base',
  adapter: `adapter ${i}`,
  result: null,
  datanet: idOf(1_000 + i)
})

/** One worker offers every model over the base. */
function facing() {
  const asked: (OffersQuestion | OverQuestion)[] = []
  const offer = {
    worker: '0x11',
    model: everyModelOver('base'),
    inputPrice: 1n,
    outputPrice: 1n,
    capacity: 1,
    tokensPerSecond: 1,
    expires: 9n,
    region: '',
    weights: ''
  }
  const market = {
    model: async (id: Hex) => [model(1), model(2)].find(one => one.id === id),
    async over(question: OverQuestion) {
      asked.push(question)
      return [model(1), model(2)]
    },
    async *look(question: OffersQuestion) {
      asked.push(question)
      if (question.models?.includes(offer.model)) yield { message: offer }
    }
  }
  const names = async (query: Parameters<typeof listing>[1]): Promise<readonly string[]> => {
    const parts = { market, acquaintance: createAcquaintance({ clock: systemClock }) } as unknown as Parameters<
      typeof listing
    >[0]
    return (await allOf(listing(parts, query, new AbortController().signal))).map(({ name }) => name)
  }
  return { asked, names }
}

describe('what a light peer lists', () => {
  it('is of the Datanet that is asked for, also where a model is offered by its base', async () => {
    const { names } = facing()
    assert.deepEqual(await names({ model: idOf(1) }), ['model 1'])
    assert.deepEqual(await names({ model: idOf(1), datanet: idOf(1_001) }), ['model 1'])
    assert.deepEqual(await names({ model: idOf(1), datanet: idOf(1_002) }), [])
  })

  it('is everything for the name of nothing, and nothing for one that no model can have', async () => {
    const { asked, names } = facing()
    assert.deepEqual(await names({ name: 'x'.repeat(81) }), [])
    assert.deepEqual(asked, [])
    assert.deepEqual(await names({ name: '' }), ['model 1', 'model 2'])
    assert.deepEqual(asked, [{}, {}, { models: [everyModelOver('base')] }])
  })
})
