import assert from 'node:assert/strict'
import { flow as stages } from '../../../protocol/flow.ts'
import { flowHandlers, thinned } from '../../../daemon/api/handlers/flow.ts'
import { doingView, stageNowView, stageView } from '../../../daemon/api/contract/index.ts'
import { noTotals } from '../../../node/chain/ledger/records.ts'
import { createFlow } from '../../../node/flow/index.ts'
import type { FlowDeps, FlowEvents } from '../../../node/flow/index.ts'
import type { JobView } from '../../../node/jobs/index.ts'
import { createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { scratch, until } from '../../harness/index.ts'

const id = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const
const who = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as const

const job: JobView = {
  id: id(7),
  builder: who(1),
  datanet: id(1),
  version: 1,
  base: 'bafy',
  spec: {} as JobView['spec'],
  budget: 10n,
  createdAt: 0,
  deadline: 1,
  state: 'training',
  bids: [],
  refusals: [],
  awards: [
    {
      award: id(8),
      worker: who(2),
      lot: { kind: 'adapter' } as JobView['awards'][number]['lot'],
      price: 5n,
      attempt: 0,
      escrow: id(9),
      state: 'training',
      progress: { step: 3, steps: 9, loss: 1.5, secondsLeft: 4, tokensPerSecond: 100 },
      loss: [3, 2, 1.5],
      seconds: null
    }
  ],
  result: null,
  adapter: null,
  heldOutLoss: null,
  product: null,
  byHand: false,
  paused: false
}

describe('the flow as one picture', () => {
  let folder: string
  let store: Store
  const events = createEvents<FlowEvents>(silentLog)
  const clock = manualClock()
  const deps = (): FlowDeps => ({
    clock,
    log: silentLog,
    events,
    store,
    chain: {
      ledger: {
        totals: async () => ({ ...noTotals, commitments: 4n, escrowed: 7n, escrows: 1n }),
        pending: async () => ({ items: [] })
      }
    },
    data: { undecided: async () => [] },
    jobs: { jobs: () => [job] },
    models: {
      offers: () => [],
      underway: () => [
        { number: 1, role: 'worker', model: id(3), peer: who(4), tokens: 2, wanted: 9, startedAt: clock.now() }
      ]
    },
    payouts: { epoch: async () => undefined }
  })

  before(async () => {
    folder = await scratch('flow')
    store = await openStore(folder)
  })
  after(() => store.close())

  it('counts what comes, keeps it over a restart, and reads no history', async () => {
    const flow = createFlow(deps())
    await flow.start()
    events.emit('payouts.receipt', { id: id(5), model: id(3), worker: who(2), fee: 21n, tokens: 30 })
    events.emit('payouts.receipt', { id: id(6), model: id(3), worker: who(2), fee: 4n, tokens: 12 })
    events.emit('data.voted', { datanet: id(1), contribution: id(2), validator: who(1), step: 'committed' })
    events.emit('data.voted', { datanet: id(1), contribution: id(2), validator: who(1), step: 'revealed' })
    const at = async (stage: string) => (await flow.stages()).find(one => one.stage === stage)
    await until(async () => (await at('votes'))?.count === 1, 'the vote')
    assert.deepEqual(
      (await flow.stages()).map(({ stage }) => stage),
      stages.map(({ stage }) => stage)
    )
    assert.deepEqual(await at('receipt'), { stage: 'receipt', count: 2, active: 0, amount: 25n })
    assert.deepEqual(await at('inference'), { stage: 'inference', count: 42, active: 1, amount: null })
    assert.deepEqual(await at('contribution'), { stage: 'contribution', count: 4, active: 0, amount: null })
    assert.deepEqual(await at('award'), { stage: 'award', count: 1, active: 0, amount: 7n })
    await flow.stop()
    events.emit('payouts.receipt', { id: id(6), model: id(3), worker: who(2), fee: 4n, tokens: 12 })

    const again = createFlow(deps())
    await again.start()
    assert.equal((await again.stages()).find(one => one.stage === 'receipt')?.amount, 25n)
    await again.stop()
  })

  it('opens a stage to what is under way there, and to what happened there last', async () => {
    const flow = createFlow(deps())
    await flow.start()
    for (let n = 0; n < 40; n++)
      events.emit('data.committed', { datanet: id(1), contribution: id(n), contributor: who(1), index: n })
    events.emit('payouts.finalized', { pool: id(1), epoch: 2, payoutsTotal: 10n ** 30n })
    const handlers = flowHandlers({ flow, models: { model: () => undefined } as never })
    const open = async (stage: (typeof stages)[number]['stage']) =>
      stageNowView.parse(
        await handlers.flowStage({ params: { stage }, body: undefined, signal: new AbortController().signal })
      )
    await until(async () => (await open('settlement')).happened.length === 1, 'the epoch')
    await until(async () => (await open('contribution')).happened[0]?.data['index'] === 39, 'the last commitment')
    assert.equal((await open('contribution')).happened.length, 24)
    assert.equal((await open('settlement')).happened[0]?.data['payoutsTotal'], `1${'0'.repeat(30)}`)
    const [training] = (await open('training')).doing
    assert.ok(training?.kind === 'training')
    assert.deepEqual(training.loss, [3, 2, 1.5])
    assert.equal(training.progress?.step, 3)
    const [answer] = (await open('inference')).doing
    assert.ok(answer?.kind === 'answer' && answer.tokens === 2)
    doingView.parse(answer)
    const { stages: all } = await handlers.flow({ params: {}, body: undefined, signal: new AbortController().signal })
    for (const one of all) stageView.parse(one)
    await flow.stop()
  })

  it('shows a long series by a hundred of its points, the first and the last among them', () => {
    const long = Array.from({ length: 12_345 }, (_, i) => i)
    const some = thinned(long)
    assert.equal(some.length, 100)
    assert.deepEqual([some[0], some.at(-1)], [0, 12_344])
    assert.deepEqual(thinned([1, 2]), [1, 2])
  })
})
