import assert from 'node:assert/strict'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import { receiptId } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { minStake, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// What a scorer has to weigh comes drop by drop: neither it nor others' answers pay for that.

/** Answers whose content is never given whole, and never refused either; and how often another was weighed. */
interface Slow {
  readonly ids: Set<Hex>
  weighed: number
}

const waitingFor =
  (slow: Slow) =>
  (deps: PayoutsDeps): PayoutsDeps => ({
    ...deps,
    engine: {
      ...deps.engine,
      async score(asked) {
        const found = await deps.engine.score(asked)
        slow.weighed++
        return found
      }
    },
    streams: {
      ...deps.streams,
      async open(to, protocol, options) {
        const stream = await deps.streams.open(to, protocol, options)
        if (protocol !== '/tilth/payouts/content/1') return stream
        const next = stream.next.bind(stream)
        let asked: Hex = '0x'
        return Object.assign(stream, {
          send: (
            send =>
            async (frame: { statement: { message: { receipt: Hex } } }): Promise<void> => {
              asked = frame.statement.message.receipt
              await send(frame)
            }
          )(stream.send.bind(stream)),
          next: (...args: Parameters<typeof next>) =>
            slow.ids.has(asked) ? new Promise<never>(() => undefined) : next(...args)
        })
      }
    }
  })

describe('what comes too slowly to be weighed', function () {
  this.timeout(240_000)
  const slow: Slow = { ids: new Set(), weighed: 0 }
  let network: TestNetwork
  let settler: TestPeer
  let worker: TestPeer
  let scorers: TestPeer[]
  before(async () => {
    network = await startNetwork({ closingMs: 60_000 })
    settler = await network.addPeer('settler', { settler: true, scorer: false })
    worker = await network.addPeer('worker', { scorer: false })
    scorers = [
      await network.addPeer('one', { change: waitingFor(slow) }),
      await network.addPeer('two', { change: waitingFor(slow) })
    ]
  })
  after(() => network.stop())

  it('has no word, costs no scorer its stake, and keeps no other answer from being weighed', async () => {
    const channel = await network.openChannel(worker.address)
    const ids: Hex[] = []
    for (const token of [33, 34, 35])
      ids.push(receiptId(network.network, await network.answer(worker, channel, { ids: [token] })))
    // The first in the order in which they are weighed.
    slow.ids.add(ids[0]!)
    for (const id of ids)
      await until(async () => (await settler.service.receipt(id)) !== undefined, 'the settler knows the receipt')
    const settling = settler.service.settle(network.pool)
    const drawn = async () => (await settler.chain.payouts.round(network.pool, 1))?.drawn
    await until(async () => (await drawn())?.panel.length === 2, 'chance has drawn both')
    const { commitEnds } = (await drawn()) ?? assert.fail()
    // The others are weighed in their turn; then the last eighth begins, in which nothing is waited for.
    await until(() => slow.weighed === 4, 'both have weighed the two others')
    await network.anvil.advance(Number(commitEnds) - Math.floor(Date.now() / 1000) - 8)
    const { weighed, scorers: spoke } = await settling
    assert.deepEqual([weighed, spoke.map(({ answers }) => answers)], [2, [2, 2]])
    for (const { address, chain } of scorers) assert.equal(await chain.nodes.stakeOf(address), minStake)
    assert.equal((await settler.chain.payouts.scorers(network.pool)).length, 2)
  })
})
