import assert from 'node:assert/strict'
import { auditId } from '../../../protocol/contracts/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { startNetwork, until } from './network.ts'
import type { PeerOptions, TestNetwork, TestPeer } from './network.ts'

describe('a scorer that trains for a Datanet whose models are audited', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let builder: TestPeer
  let worker: TestPeer

  before(async () => {
    network = await startNetwork({ auditedSegments: 4 })
    builder = await network.addPeer('builder', { stake: false, scorer: false })
  })
  after(() => network.stop())

  const training = (over: PeerOptions = {}): PeerOptions => ({
    seat: false,
    change: deps => ({ ...deps, trainsFor: () => new Set([network.pool]) }),
    ...over
  })
  const seats = (): Promise<readonly string[]> => builder.chain.payouts.scorers(network.pool)

  it('has its seat before any audit is opened, and whoever scores nothing takes none', async () => {
    await network.addPeer('trainer', training({ scorer: false }))
    await network.addPeer('bystander', { seat: false })
    worker = await network.addPeer('worker', training())
    await until(async () => (await seats()).length > 0, 'it takes a seat')
    assert.deepEqual(await seats(), [worker.address])
  })

  it('is drawn in the first round', async () => {
    const job = keccak('a job')
    await builder.chain.models.register({
      name: 'audited',
      base: await builder.node.files.addBytes(new TextEncoder().encode('a base')),
      adapter: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
      result: (await builder.chain.models.model(network.model))!.result,
      datanet: network.pool,
      version: 1,
      job,
      worker: builder.address,
      split: { worker: 5000, builder: 2000, data: 3000 }
    })
    const audit: Hex = auditId(builder.address, job)
    const rounds = async () => (await builder.followed.ledger.audit(audit))?.rounds ?? []
    await until(async () => (await rounds()).some(({ seed }) => seed !== null), 'auditors are drawn')
    const [first] = await rounds()
    assert.deepEqual([first?.number, first?.panel], [1, [worker.address]])
  })
})
