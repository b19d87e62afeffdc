import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { auditId } from '../../../protocol/contracts/index.ts'
import { deliveredLots } from '../../../node/jobs/index.ts'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { challengeSeconds, minStake, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// What becomes of a certificate whose words were false, and of the epochs around its end. What runs is the test's.

type Trainings = NonNullable<PayoutsDeps['trainings']>

describe('a certificate of words that are struck', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let settler: TestPeer
  let worker: TestPeer
  let audit: Hex
  let channel: Hex
  const auditors: TestPeer[] = []

  before(async () => {
    const key = Uint8Array.from(randomBytes(32))
    network = await startNetwork({ auditedSegments: 4, validators: [key], closingMs: 60_000 })
    for (const name of ['one', 'two', 'three']) auditors.push(await network.addPeer(name, { change: running }))
    settler = await network.addPeer('settler', { settler: true, scorer: false, key, change: deaf })
    worker = await network.addPeer('worker', { scorer: false })
    channel = await network.openChannel(worker.address)
    const { job, builder } = (await network.host.chain.models.model(network.model))!
    audit = auditId(builder, job)
    // Who holds something against an auditor has stake.
    await network.host.chain.nodes.stake(minStake)
  })
  after(() => network.stop())

  /** A validator that runs nothing again by itself. */
  function deaf({ trainings: _trainings, ...deps }: PayoutsDeps): PayoutsDeps {
    return deps
  }

  function running(deps: PayoutsDeps): PayoutsDeps {
    const { self } = deps
    const runSegment: Trainings['runSegment'] = (_result, _lots, { coalition, segment }) => {
      const place = { coalition, segment, worker: self, from: 0, to: 0, steps: 0, tolerance: 0.01 }
      return Promise.resolve({ ...place, distance: 0, agrees: true })
    }
    return { ...deps, trainings: { delivered: result => deliveredLots(deps, result), runSegment } }
  }

  const rounds = async () => (await settler.followed.ledger.audit(audit))?.rounds ?? []
  const state = async () => (await settler.service.audit(network.model))?.state

  async function opened(): Promise<void> {
    const { chain } = network.host
    const before = (await rounds()).length
    await chain.audits.open(network.model, { segments: 4, fee: await chain.audits.leastFee() })
    await until(async () => {
      await network.anvil.mine()
      return (await rounds()).length > before && (await rounds()).at(-1)?.seed !== null
    }, 'auditors are drawn')
  }
  const closed = (): Promise<void> =>
    until(async () => (await rounds()).at(-1)?.closed ?? false, 'all have spoken: it is closed')

  async function answered(text: string): Promise<void> {
    await network.answer(worker, channel, { text })
    await until(async () => {
      await network.anvil.mine()
      return (await settler.service.receipts()).items.length >= worker.own.length
    }, 'the settler knows the receipt')
    await later()
  }
  /** An epoch goes by what was said before its own time: in a block after the last word, which the settler has read. */
  async function later(): Promise<void> {
    await network.anvil.advance(2)
    const { block } = await settler.chain.head()
    await until(() => (settler.followed.ledger.head()?.block ?? 0n) >= block, 'the settler has read it')
  }
  async function finished(epoch: number): Promise<void> {
    await network.anvil.advance(Number(challengeSeconds))
    assert.equal((await settler.service.finalize(network.pool)).epoch, epoch)
  }
  /** Both validators: more than two thirds. */
  async function strike(auditor: Address, costs: boolean, round: number): Promise<void> {
    for (const { chain } of [network.host, settler]) await chain.audits.blame(audit, round, auditor, costs)
    await until(
      async () => (await rounds()).some(({ number, strikes }) => number === round && strikes.length > 0),
      'the word is struck'
    )
  }

  it('counts in the epochs of before, whoever looks at them when, and in none after', async () => {
    await opened()
    await closed()
    assert.equal(await state(), 'passed')
    await answered('What is the symbol of tin?')
    const { payouts } = await settler.service.settle(network.pool)
    assert.ok(payouts.some(({ share }) => share > 0n))
    await finished(1)

    await answered('What is the symbol of lead?')
    const settling = settler.service.settle(network.pool)
    const drawn = async () => (await settler.chain.payouts.round(network.pool, 2))?.drawn
    await until(async () => (await drawn()) !== undefined, 'receipts are anchored and drawn')
    const [one] = auditors
    await strike(one!.address, true, 1)
    assert.equal(await state(), 'struck')
    const second = await settling
    assert.ok(
      second.payouts.some(({ share }) => share > 0n),
      'it was made before'
    )
    for (const peer of [settler, worker, ...auditors])
      assert.deepEqual(await peer.service.recheck(network.pool, 2), [], peer.name)
    await finished(2)

    await answered('What is the symbol of zinc?')
    await assert.rejects(settler.service.settle(network.pool), { code: 'epoch.empty' })
    for (const peer of [settler, worker, ...auditors])
      assert.deepEqual(await peer.service.recheck(network.pool, 1), [], 'what was paid stays right')
  })

  it('is given anew by another round', async () => {
    await opened()
    await closed()
    assert.equal(await state(), 'passed')
    await later()
    const { payouts } = await settler.service.settle(network.pool)
    assert.ok(payouts.some(({ share }) => share > 0n))
    await finished(3)
  })
})
