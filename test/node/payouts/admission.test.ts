import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { jobResult } from '../../../protocol/jobs/index.ts'
import type { JobResult } from '../../../protocol/jobs/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { startNetwork } from './network.ts'
import { trainedResult } from './trained.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// A stranger puts a model of its own into a Datanet's pool.

describe("admission of models to a Datanet's pool", function () {
  this.timeout(240_000)
  let network: TestNetwork
  let evil: TestPeer
  let honest: JobResult
  let names = 0
  before(async () => {
    network = await startNetwork()
    evil = await network.addPeer('evil', { stake: false, scorer: false })
    const { result } = (await network.host.chain.models.model(network.model))!
    const bytes = await evil.node.files.fetchBytes(result, { maxBytes: 1 << 20, providers: [] })
    honest = jobResult.parse(JSON.parse(new TextDecoder().decode(bytes)))
  })
  after(() => network.stop())

  const key = Uint8Array.from(randomBytes(32))
  const accomplice = { key, address: addressOfKey(key) }
  const job = (over: Partial<JobResult> = {}, money?: 'none' | 'funded'): Promise<JobResult> =>
    trainedResult(
      { network: network.network, builder: evil, trainer: accomplice, files: evil.node.files },
      { ...honest, ...over },
      money
    )

  type Terms = { job?: Hex; split?: { worker: number; builder: number; data: number } }
  async function register(result: JobResult, over: Terms = {}): Promise<Hex> {
    const { spec, adapters } = result
    const { model } = await evil.chain.models.register({
      name: `elements ${++names}`,
      base: spec.base,
      adapter: adapters.at(-1)!,
      result: await evil.node.files.addBytes(new TextEncoder().encode(canonicalJson(result))),
      datanet: network.pool,
      version: 1,
      job: result.job,
      worker: evil.address,
      split: { worker: 7000, builder: 0, data: 3000 },
      ...over
    })
    return model
  }
  const refused = async (model: Hex, code: string): Promise<void> => {
    await assert.rejects(evil.service.gate(model), { code })
  }

  it("another builder's job is not its own", async () => {
    await refused(await register(honest), 'result.job')
    await refused(await register(await job(), { job: honest.job }), 'result.job')
    await refused(await register(await job(), { job: keccak('a job that never was') }), 'result.job')
  })

  it('a job that no money stands behind admits nothing; nor does one that is not paid out yet', async () => {
    await refused(await register(await job({}, 'none')), 'result.unpaid')
    await refused(await register(await job({}, 'funded')), 'result.early')
  })

  it('a draw that the chain has not made admits nothing', async () => {
    await refused(await register(await job({ draw: keccak('ground') })), 'result.draw')
  })

  it('players left out, or added, admit nothing', async () => {
    await refused(await register(await job({ players: honest.players.slice(1) })), 'result.players')
  })

  it('adapters that were delivered as others admit nothing', async () => {
    const result = await job()
    const [first, second] = [result.adapters[1]!, result.adapters[2]!]
    await refused(
      await register({ ...result, adapters: result.adapters.with(1, second).with(2, first) }),
      'result.delivered'
    )
  })

  it('a job of its own, paid for on chain, drawn and delivered as the rules say, is admitted', async () => {
    assert.equal((await evil.service.gate(await register(await job())))?.questions, 2)
  })

  it('one that gives less to the data than the Datanet asks is measured by nobody', async () => {
    const split = { worker: 9001, builder: 0, data: 999 }
    assert.equal(await evil.service.gate(await register(await job(), { split })), null)
  })
})
