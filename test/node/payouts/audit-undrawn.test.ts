import assert from 'node:assert/strict'
import { auditId } from '../../../protocol/contracts/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { minStake, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('an audit that waits for auditors', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let builder: TestPeer
  let audit: Hex
  let silent: TestPeer
  let had: bigint

  before(async () => {
    network = await startNetwork({ auditedSegments: 4 })
    builder = await network.addPeer('builder', { stake: false, scorer: false })
  })
  after(() => network.stop())

  const tokens = (): Promise<bigint> => builder.chain.tokens.balanceOf(builder.address)
  const last = async () => (await builder.followed.ledger.audit(audit))?.rounds.at(-1)

  it('gives its builder the money back where nobody sits who could be drawn, by itself', async () => {
    had = await tokens()
    const job = keccak('a job')
    await builder.chain.models.register({
      name: 'waiting',
      base: await builder.node.files.addBytes(new TextEncoder().encode('a base')),
      adapter: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
      // Another builder's: what it holds is looked at by nobody here.
      result: (await builder.chain.models.model(network.model))!.result,
      datanet: network.pool,
      version: 1,
      job,
      worker: builder.address,
      split: { worker: 5000, builder: 2000, data: 3000 }
    })
    audit = auditId(builder.address, job)
    await until(async () => (await last()) !== undefined, 'its node opens the audit')
    const fee = await builder.chain.audits.leastFee()
    assert.equal(had - (await tokens()), (await builder.chain.audits.bond()) + 12n * fee)
    for (let i = 0; i < 260; i++) await network.anvil.mine()
    await until(async () => (await last())?.closed === true, 'nobody came: it is closed')
    assert.equal(await tokens(), had)
  })

  it('is opened again by its builder once a scorer sits, and drawn', async () => {
    silent = await network.addPeer('silent')
    // Of one that is gone nobody hears a word.
    await network.kill(silent)
    await until(async () => (await last())?.closed === false, 'its builder opens it again')
    assert.equal((await last())?.number, 2)
    for (let i = 0; i < 8; i++) await network.anvil.mine()
    await until(async () => (await last())?.seed !== null, 'auditors are drawn')
    assert.deepEqual((await last())?.panel, [silent.address])
  })

  it('costs an auditor that says nothing a tenth of the least stake and its seat, shown by another node', async () => {
    await network.anvil.advance(Number(await builder.chain.audits.window()) + 1)
    await until(async () => (await last())?.absent.includes(silent.address) === true, 'its silence is shown')
    assert.equal(await builder.chain.nodes.stakeOf(silent.address), (minStake * 9n) / 10n)
    assert.deepEqual(await builder.chain.payouts.scorers(network.pool), [])
    await until(async () => (await last())?.closed === true, 'time is over: it is closed')
  })
})
