import assert from 'node:assert/strict'
import { jobHandlers } from '../../daemon/api/handlers/jobs.ts'
import { modelHandlers } from '../../daemon/api/handlers/models.ts'
import type { Hex } from '../../protocol/primitives/index.ts'

const id = (byte: string): Hex => `0x${byte.repeat(32)}`
const signal = new AbortController().signal
const split = { worker: 3000, builder: 1000, data: 6000 }
const models = [
  { id: id('01'), name: 'birds', retired: true },
  { id: id('02'), name: 'birds', retired: false }
]
const offerOf = (model: Hex) => ({ model, worker: `0x${'33'.repeat(20)}`, inputPrice: 1n, outputPrice: 1n })
/** As much of a node as these questions need: whatever else is asked fails. */
const node = {
  chain: { ledger: { standing: async () => undefined } },
  models: {
    models: () => models.map(one => ({ ...one, offers: [offerOf(one.id)] })),
    model: (wanted: string) => models.find(one => one.id === wanted),
    offers: (of?: Hex) => models.filter(one => of === undefined || one.id === of).map(one => offerOf(one.id))
  }
}
const which = { model: async (wanted: string) => models.find(one => one.id === wanted || !one.retired) }

describe('what a model is made and offered under', () => {
  const { registerModel, offers } = modelHandlers(...([node, which, {}] as unknown as Parameters<typeof modelHandlers>))
  const { postJob } = jobHandlers(...([node, which, {}] as unknown as Parameters<typeof jobHandlers>))

  it('is a licence of the list, before anything is paid for', async () => {
    for (const licence of ['foo', 'apache 2']) {
      const refusal = { code: 'rules.licence' }
      const body = { name: 'finches', split, licence }
      await assert.rejects(async () => registerModel({ params: {}, body: { ...body, job: id('05') }, signal }), refusal)
      const job = { base: 'b', datanet: id('07'), budget: '1', product: { name: 'finches', split, licence } }
      await assert.rejects(
        async () => postJob({ params: {}, body: job, signal } as unknown as Parameters<typeof postJob>[0]),
        refusal
      )
    }
  })

  it('is offered to newcomers until it is retired; to whoever names it after that, too', async () => {
    const of = async (model?: string) =>
      (await offers({ params: pageParams(model), signal } as Parameters<typeof offers>[0])).items.map(one => one.model)
    assert.deepEqual(await of(), [id('02')])
    assert.deepEqual(await of(id('01')), [id('01')])
  })
})

const pageParams = (model?: string) => ({ limit: 10, ...(model === undefined ? {} : { model }) })
