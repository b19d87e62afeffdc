import assert from 'node:assert/strict'
import { worthOf } from '../../daemon/api/handlers/worth.ts'
import { pageOf } from '../../protocol/primitives/index.ts'
import type { Hex, PageRequest } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'
import { datanetView } from './views.ts'

const datanet: Hex = `0x${'07'.repeat(32)}`
const [ada, bob]: [Hex, Hex] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`]
const [one, two]: [Hex, Hex] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`]
const line = (account: Hex, share: bigint, gate: bigint | null) => ({
  account,
  // What it was paid for weighing answers is not what its rows were worth.
  share: share + 4n,
  gate,
  value: share * 3n - 1n,
  heldOutShare: 1n,
  scoringShare: 4n,
  vestedShare: 0n
})
const contributions = [
  { contributor: ada, status: 'accepted', own: 3 },
  { contributor: ada, status: 'accepted', own: 2 },
  { contributor: ada, status: 'accepted', own: 7, removed: 'withdrawn' },
  { contributor: ada, status: 'rejected', own: 0 },
  { contributor: bob, status: 'accepted', own: 4 }
].map((item, i) => ({ ...item, id: String(i) }))
const epochs = [
  { epoch: 1, state: 'final', payouts: [line(ada, 5n, 200n), line(bob, 0n, -3n)] },
  { epoch: 2, state: 'voided', payouts: [line(ada, 99n, 1n)] },
  { epoch: 2, state: 'pending', payouts: [line(ada, 7n, 250n)] }
].map((epoch, i) => ({ ...epoch, id: String(i) }))

const net = datanetView({ id: datanet, host: ada, contributions: 4, accepted: 3, latestVersion: 2 })

/** As much of a node as the question needs. */
const node = {
  data: {
    datanet: async () => undefined,
    contributions: async (_: Hex, page: PageRequest) => pageOf(contributions, page, ({ id }) => id)
  },
  models: {
    models: () => [
      { id: one, name: 'birds', datanet, version: 1 },
      { id: two, name: 'birds', datanet, version: 2 },
      { id: datanet, name: 'other', datanet: one, version: 1 }
    ]
  },
  payouts: {
    knownGate: async (model: Hex) => (model === one ? { values: { [ada]: 120_000n, [bob]: -5n } } : null),
    epochs: async (filter: PageRequest & { pool?: Hex }) => {
      assert.equal(filter.pool, datanet)
      return pageOf(epochs, filter, ({ id }) => id)
    }
  }
} as unknown as Parameters<typeof worthOf>[0]

describe('what contributions were worth', () => {
  it('is said for each contributor: held-out values by version, pay by epoch, voided ones left out', async () => {
    const { items, next } = await worthOf(node, datanet, {})
    assert.equal(next, null)
    assert.deepEqual(items[0], {
      account: ada,
      accepted: 2,
      own: 5,
      versions: [
        { version: 1, model: one, name: 'birds', value: '120000' },
        { version: 2, model: two, name: 'birds', value: null }
      ],
      epochs: [
        {
          epoch: 1,
          state: 'final',
          value: '200',
          share: '5',
          earned: '14',
          earnedByAll: '14',
          weighed: '3',
          heldOutShare: '1',
          vestedShare: '0'
        },
        {
          epoch: 2,
          state: 'pending',
          value: '250',
          share: '7',
          earned: '20',
          earnedByAll: '20',
          weighed: '6',
          heldOutShare: '1',
          vestedShare: '0'
        }
      ],
      paid: '12'
    })
    assert.deepEqual([items[1]?.account, items[1]?.own, items[1]?.paid], [bob, 4, '0'])
    assert.equal((await worthOf(node, datanet, { limit: 1 })).next, ada)
  })

  it('a Datanet says what is accepted now and how much has left, and what its last version is for', async () => {
    const shown = async (accepted: number): Promise<string> => {
      const cli = await startCommandLine({ datanet: async () => ({ ...net, accepted, left: 3 - accepted }) })
      const { stdout } = await cli.run('datanet', 'show', 'birds')
      await cli.stop()
      return stdout
    }
    assert.match(await shown(3), /^accepted {5}3 of 4 contributions, version 2$/m)
    assert.match(await shown(1), /^accepted {5}1 of 4 contributions; 2 more were and have left again, version 2$/m)
    assert.match(await shown(0), /version 2 stands for what was made of it, and for nothing new\n.*empty version/)
  })

  it('is said of the newest hundred epochs, and nobody is asked about older ones', async () => {
    const many = Array.from({ length: 450 }, (_, i) => ({
      id: String(i).padStart(3, '0'),
      epoch: 450 - i,
      state: 'final',
      payouts: [line(ada, 1n, 1n)]
    }))
    let asked = 0
    const payouts = {
      ...node.payouts,
      async epochs(page: PageRequest) {
        asked++
        return pageOf(many, page, ({ id }) => id)
      }
    }
    const { items } = await worthOf({ ...node, payouts } as unknown as typeof node, datanet, {})
    const numbers = items[0]?.epochs.map(({ epoch }) => epoch) ?? []
    assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [100, 450, 351])
    assert.equal(asked, 1)
  })

  it('what has left since is not said to be accepted', async () => {
    const one = { id: two, datanet, seenAt: 0, cid: null, index: 1, contributor: ada, rows: 1, own: 1 }
    const checked = { ...one, status: 'accepted' as const, checks: [], rowIssues: [] }
    const items = [
      checked,
      { ...checked, removed: 'withdrawn' as const },
      { ...checked, removed: 'taken-down' as const }
    ]
    const cli = await startCommandLine({ datanet: async () => net, contributions: async () => ({ items, next: null }) })
    const { stdout } = await cli.run('contributions', '--datanet', 'birds')
    await cli.stop()
    assert.deepEqual(stdout.match(/accepted|withdrawn|taken down/g), ['accepted', 'withdrawn', 'taken down'])
  }).timeout(30_000)

  it('is shown by tilth contributions --worth', async () => {
    const cli = await startCommandLine({
      datanet: async () => net,
      worth: async () => worthOf(node, datanet, {})
    })
    const { stdout, stderr } = await cli.run('contributions', '--worth', '--datanet', 'birds', '--json')
    await cli.stop()
    assert.equal((JSON.parse(stdout) as { account: string }[])[0]?.account, ada, stderr)
  }).timeout(30_000)
})
