import assert from 'node:assert/strict'
import { answerHandlers, bazaarHandlers } from '../../daemon/api/handlers/bazaar/index.ts'
import { modelHandlers } from '../../daemon/api/handlers/models.ts'
import { createWhich } from '../../daemon/api/handlers/which.ts'
import { noNames } from './views.ts'
import { routes } from '../../daemon/api/contract/index.ts'
import { keccak, zeroHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { generateReceipt } from '../node/payouts/receipts/generate.ts'

const builder: Hex = `0x${'aa'.repeat(20)}`
const birds = keccak('birds')
const offer = (outputPrice: bigint) => ({
  worker: builder,
  inputPrice: 1n,
  outputPrice,
  capacity: 1,
  tokensPerSecond: 10,
  expires: 1
})
const model = (name: string, more: object = {}) => ({
  id: keccak(name),
  name,
  builder,
  worker: builder,
  base: 'bafybase',
  adapter: 'bafyadapter',
  result: `result of ${name}`,
  datanet: birds,
  version: 1,
  split: { worker: 3000, builder: 1000, data: 6000 },
  retired: false,
  offers: [],
  ...more
})
const list = [
  model('seedling', {
    adapter: null,
    result: null,
    datanet: zeroHash,
    version: 0,
    split: { worker: 8000, builder: 2000, data: 0 }
  }),
  model('finch', { offers: [offer(7n), offer(3n)] }),
  model('<script>alert(1)</script>', { version: 2, offers: [offer(5n)] }),
  model('gone', { retired: true })
]
const values = { [builder]: 800_000n }
const quality = (tuned: bigint) => ({ questions: 30, base: 60_000n, tuned, values, epoch: 1 })
const sums = { answers: 9, inputTokens: 90, outputTokens: 45, fees: 100n, clients: 2, returning: 1 }
const { id: receiptId, receipt } = generateReceipt({ index: 3, model: keccak('finch'), signed: true })
const view = {
  id: receiptId,
  ...receipt.receipt.message,
  pool: birds,
  client: receipt.client,
  worker: receipt.worker,
  private: false,
  weights: {},
  scorings: [],
  epoch: undefined
}
const asked: unknown[] = []
/** Versions of which was asked what has left them. */
const lookedUp: number[] = []

const node = {
  network: { chainId: 31337, registry: builder },
  jobs: {
    jobs: () => [{ result: 'result of finch', heldOutLoss: { base: 4, tuned: 0.1 } }]
  },
  data: {
    async leftSince(datanet: Hex, version: number) {
      lookedUp.push(version)
      return version === 2 ? [{ contribution: datanet }] : []
    },
    datanet: async (id: Hex) =>
      id === birds ? { rules: { name: 'birds', description: 'Songs of Birds', validators: [1, 2] } } : undefined,
    rulesAt: async () => ({}),
    findDatanet: async () => ({ id: birds }),
    nearest: async (request: unknown) => {
      asked.push(request)
      return { rows: [], compared: 3, all: 4 }
    }
  },
  models: {
    models: () => list,
    model: (wanted: string) => list.find(({ id, name }) => id === wanted || name === wanted),
    opening: async () => undefined
  },
  payouts: {
    receiptIds: async function* () {
      yield receiptId
    },
    quality: async (id: Hex) => (id === keccak('finch') ? quality(900_000n) : null),
    matches: async (id: Hex) => (id === keccak('finch') ? { questions: 30, base: 2, tuned: 24 } : null),
    use: async (id: Hex) => ({
      model: id,
      all: id === keccak('finch') ? { ...sums, firstAt: 86_400n, lastAt: 172_800n } : null,
      days: id === keccak('finch') ? [{ day: 19_000, ...sums }] : [],
      workers: []
    }),
    receipt: async (id: Hex) => (id === receiptId ? view : undefined),
    receiptProof: async () => ({ receipt, division: 'weighed', measure: null, scorings: [], place: null })
  },
  chain: {
    ledger: { caughtUp: async () => undefined, model: async () => undefined, standing: async () => undefined }
  }
} as unknown as Parameters<typeof createWhich>[0] &
  Parameters<typeof bazaarHandlers>[0] &
  Parameters<typeof answerHandlers>[0] &
  Parameters<typeof modelHandlers>[0]
const refuse = (): never => {
  throw new Error('nobody pays')
}

describe('the bazaar over the API', () => {
  const which = createWhich(node, noNames)
  const bazaar = bazaarHandlers(node, which)
  const answers = answerHandlers(node, which)
  const signal = new AbortController().signal
  const look = async (params: object): Promise<string[]> => {
    const all = await bazaar.bazaar({ params: routes.bazaar.params.parse(params), body: undefined, signal })
    return routes.bazaar.reply.parse(all).items.map(({ name }) => name)
  }

  it('lists models that are not retired, the newest first, with what is known of each', async () => {
    assert.deepEqual(await look({}), ['<script>alert(1)</script>', 'finch', 'seedling'])
    const finch = await bazaar.bazaarModel({ params: { id: 'finch' }, body: undefined, signal })
    assert.deepEqual(routes.bazaarModel.reply.parse(finch), finch)
    assert.deepEqual(
      [
        finch.datanetName,
        finch.baseName,
        finch.heldOutLoss?.tuned,
        finch.quality?.tuned,
        finch.matches,
        finch.use?.lastAt
      ],
      ['birds', 'seedling', 0.1, '900000', { questions: 30, base: 2, tuned: 24 }, 172_800_000]
    )
  })

  it('lists those that somebody offers from a place or weights, by what offers say', async () => {
    const offers = node.models.model('finch')?.offers as unknown as { region?: string; weights?: string }[]
    Object.assign(offers[0] ?? {}, { region: 'DE', weights: 'int8' })
    try {
      assert.deepEqual(await look({ region: 'europe' }), ['finch'])
      assert.deepEqual(await look({ region: 'DE', leastBits: '8' }), ['finch'])
      assert.deepEqual(await look({ leastBits: '16' }), [])
      assert.deepEqual(await look({ region: 'asia' }), [])
      assert.throws(() => routes.bazaar.params.parse({ region: 'Atlantis' }))
    } finally {
      for (const one of offers) for (const word of ['region', 'weights'] as const) delete one[word]
    }
  })

  it('says of what has left only where a model is shown, once for all of one version', async () => {
    lookedUp.length = 0
    await look({ limit: '1' })
    assert.deepEqual(lookedUp, [2])
    const models = modelHandlers(node, which, { begin: refuse })
    lookedUp.length = 0
    assert.deepEqual(
      models.listed({ limit: 9 }).items.map(({ name }) => name),
      ['seedling', 'finch', '<script>alert(1)</script>']
    )
    assert.deepEqual(lookedUp, [])
    list.push(model('wren', { version: 2, split: { worker: 6000, builder: 3999, data: 1 } }))
    const { items } = await models.models({ params: { limit: 9 }, body: undefined, signal })
    assert.deepEqual(
      items.map(({ name, left, leastDataShare }) => [name, left, leastDataShare]),
      [
        ['seedling', undefined, undefined],
        ['finch', undefined, undefined],
        ['<script>alert(1)</script>', 1, undefined],
        // What its Datanet asks for, of one that gives its data less.
        ['wren', 1, 1000]
      ]
    )
    assert.deepEqual(new Set(lookedUp), new Set([1, 2]))
    assert.equal(lookedUp.length, 2)
    list.pop()
  })

  it('is searched by all words in names and what Datanets are about, filtered and ordered', async () => {
    assert.deepEqual(await look({ search: 'SONGS finch' }), ['finch'])
    assert.deepEqual(await look({ search: 'zebra' }), [])
    assert.deepEqual(await look({ datanet: 'birds', served: 'yes', order: 'price' }), [
      'finch',
      '<script>alert(1)</script>'
    ])
    assert.equal((await look({ order: 'quality' }))[0], 'finch')
    assert.equal((await look({ order: 'used' }))[0], 'finch')
    const page = await bazaar.bazaar({
      params: routes.bazaar.params.parse({ limit: '1', order: 'price' }),
      body: undefined,
      signal
    })
    assert.deepEqual(await look({ limit: '1', order: 'price', cursor: page.next }), ['<script>alert(1)</script>'])
  })

  it("shows a model's use by date, and its family", async () => {
    const use = await bazaar.modelUse({
      params: routes.modelUse.params.parse({ id: 'finch' }),
      body: undefined,
      signal
    })
    assert.equal(routes.modelUse.reply.parse(use).days[0]?.day, '2022-01-08')
    const { items } = await bazaar.lineage({ params: { id: 'finch', limit: 10 }, body: undefined, signal })
    assert.deepEqual(
      items.map(({ name, parent, served }) => [name, parent, served]),
      [
        ['seedling', null, false],
        ['finch', 0, true],
        ['<script>alert(1)</script>', 0, true],
        ['gone', 0, false]
      ]
    )
  })

  it('says what goes to models upstream, of a million and of a receipt', async () => {
    const grown = model('grown', {
      split: { worker: 3000, builder: 1000, data: 5500, upstream: 500 },
      upstream: keccak('seedling')
    })
    list.push(grown)
    try {
      const view = await bazaar.bazaarModel({ params: { id: 'grown' }, body: undefined, signal })
      assert.deepEqual(routes.bazaarModel.reply.parse(view).upstreams, [
        { model: keccak('seedling'), name: 'seedling', builder, datanet: null, toBuilder: '50000', toData: '0' }
      ])
      assert.equal(view.upstreamName, 'seedling')
      const { items } = await bazaar.lineage({ params: { id: 'seedling', limit: 10 }, body: undefined, signal })
      assert.deepEqual(
        items.filter(({ name }) => name === 'grown').map(({ parent, upstreamShare }) => [parent, upstreamShare]),
        [[0, 500]]
      )
    } finally {
      list.pop()
    }
    const proof = await answers.receiptProof({ params: { id: receiptId }, body: undefined, signal })
    assert.deepEqual(proof.upstream, [])
  })

  it('gives all that a receipt is checked by, wide integers as text, and its data fee', async () => {
    const proof = await answers.receiptProof({ params: { id: receiptId }, body: undefined, signal })
    assert.deepEqual(routes.receiptProof.reply.parse(proof).receipt, proof.receipt)
    assert.equal(proof.receipt.receipt.message['fee'], receipt.receipt.message.fee.toString())
    assert.equal(proof.dataFee, ((receipt.receipt.message.fee * 6000n) / 10_000n).toString())
    assert.deepEqual([proof.modelName, proof.datanetName, proof.view.epoch], ['finch', 'birds', null])
  })

  it("compares an answer's words with the version's rows, and says so when the words are not kept", async () => {
    const body = routes.nearestRows.body.parse({ text: 'a finch sings', contributor: builder })
    const { compared, all } = await answers.nearestRows({ params: { id: receiptId }, body, signal })
    assert.deepEqual([compared, all], [3, 4])
    assert.deepEqual(asked[0], { datanet: birds, version: 1, text: 'a finch sings', contributor: builder, limit: 5 })
    await assert.rejects(answers.nearestRows({ params: { id: receiptId }, body: { limit: 5 }, signal }), {
      code: 'receipt.forgotten'
    })
    await assert.rejects(answers.receiptProof({ params: { id: keccak('no such receipt') }, body: undefined, signal }), {
      code: 'receipt.unknown'
    })
  })
})
