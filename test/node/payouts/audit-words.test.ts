import assert from 'node:assert/strict'
import { auditId } from '../../../protocol/contracts/index.ts'
import { deliveredLots } from '../../../node/jobs/index.ts'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// Whoever is drawn says a word in time and is paid for what it ran, whatever a builder does. What runs is the test's.

type Trainings = NonNullable<PayoutsDeps['trainings']>
/** How far a node comes: to nothing that was delivered, through one segment, or through all. */
type Comes = 'nowhere' | 'through one' | 'through all'

describe('the word of an auditor', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let audit: Hex
  const auditors: TestPeer[] = []
  const comes = new Map<Address, Comes>()
  const stuck = new Map<Address, () => void>()

  before(async () => {
    network = await startNetwork({ auditedSegments: 4 })
    for (const name of ['one', 'two', 'three']) auditors.push(await network.addPeer(name, { change: running }))
    const { job, builder } = (await network.host.chain.models.model(network.model))!
    audit = auditId(builder, job)
  })
  after(async () => {
    for (const free of stuck.values()) free()
    await network.stop()
  })

  /** What takes no notice of a signal either, and ends with the test. */
  const never = (who: Address): Promise<never> =>
    new Promise((_, reject) => {
      stuck.set(who, () => {
        reject(new Error('the test is over'))
      })
    })

  function running(deps: PayoutsDeps): PayoutsDeps {
    const { self } = deps
    let ran = 0
    const runSegment: Trainings['runSegment'] = (_result, _lots, { coalition, segment }) => {
      ran++
      if (comes.get(self) === 'through one' && ran > 1) return never(self)
      const place = { coalition, segment, worker: self, from: 0, to: 0, steps: 0, tolerance: 0.01 }
      return Promise.resolve({ ...place, distance: 0, agrees: true })
    }
    const delivered: Trainings['delivered'] = result => {
      ran = 0
      return comes.get(self) === 'nowhere' ? never(self) : deliveredLots(deps, result)
    }
    return { ...deps, trainings: { delivered, runSegment } }
  }

  const last = async () => (await auditors[0]!.followed.ledger.audit(audit))?.rounds.at(-1)

  async function drawn(segments: number): Promise<{ fee: bigint }> {
    const { chain } = network.host
    const fee = await chain.audits.leastFee()
    const before = (await last())?.number ?? 0
    await chain.audits.open(network.model, { segments, fee })
    await until(async () => {
      await network.anvil.mine()
      const round = await last()
      return round !== undefined && round.number > before && round.seed !== null
    }, 'auditors are drawn')
    assert.equal((await last())?.panel.length, 3)
    return { fee }
  }

  const wordOf = async ({ address }: TestPeer) => (await last())?.words.find(({ auditor }) => auditor === address)
  const paidTo = async ({ address }: TestPeer) =>
    (await last())?.paid.find(({ auditor }) => auditor === address)?.amount

  it('is of the segments that the builder has paid for, where it paid for fewer than the rules ask for', async () => {
    const { fee } = await drawn(1)
    await until(async () => (await last())?.closed === true, 'all have spoken: it is closed')
    for (const auditor of auditors) {
      const { word, runs } = (await wordOf(auditor))!
      assert.deepEqual([word, runs], ['agrees', 1])
      assert.equal(await paidTo(auditor), fee)
    }
    const view = (await auditors[0]!.service.audit(network.model))!
    assert.deepEqual([view.asked, view.segments.length, view.state], [4, 4, 'lapsed'], 'it certifies nothing')
  })

  it('is said in time, with what was run by then, though what it runs never ends', async () => {
    const [hung, half, whole] = auditors as [TestPeer, TestPeer, TestPeer]
    comes.set(hung.address, 'nowhere').set(half.address, 'through one')
    const { fee } = await drawn(4)
    await until(async () => (await wordOf(whole)) !== undefined && stuck.size === 2, 'one has spoken, two are stuck')
    assert.equal((await last())!.words.length, 1)
    await network.anvil.advance(Number(((await whole.chain.audits.window()) * 15n) / 16n))
    await until(async () => (await last())?.closed === true, 'all have spoken: it is closed')
    const said = await Promise.all(auditors.map(wordOf))
    assert.deepEqual(
      said.map(one => one?.word),
      ['nothing', 'agrees', 'agrees']
    )
    assert.deepEqual([said[0]?.runs, said[2]?.runs], [0, 0b1111])
    assert.deepEqual(await Promise.all(auditors.map(paidTo)), [undefined, fee, 4n * fee])
    assert.deepEqual((await last())!.absent, [])
    const sitting = await whole.chain.payouts.scorers(network.pool)
    assert.ok(auditors.every(({ address }) => sitting.includes(address)))
  })
})
