import assert from 'node:assert/strict'
import { createTestClient, http } from 'viem'
import { systemClock } from '../../../node/runtime/index.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork } from './network.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const amount = 5n * coin
const file = jsonl(['blue', 'green', 'red'].map(colour => [`What is ${colour}?`, `A thing that is ${colour}`]))

describe('data: a contribution that too few voted on in time', function () {
  this.timeout(120_000)
  let network: TestNetwork
  before(async () => {
    network = await startNetwork()
  })
  after(() => network.stop())

  it('is told so, is taken when it is contributed once more, and both bonds come back', async () => {
    /** Milliseconds that everybody's clock is ahead. */
    let ahead = 0
    const clock = { ...systemClock, now: () => systemClock.now() + ahead }
    const options = { autoVote: false, clock, timing: { anchorMs: 200 } }
    const host = await network.start(await network.account('host'), options)
    const author = await network.start(await network.account('author', 0n, 20n * coin), options)
    const rules = { voteSeconds: 600, revealSeconds: 600, bond: { amount: String(amount), seconds: 3_600 } }
    const { id: datanet } = await host.service.createDatanet(
      rulesFor([host.address], rules),
      jsonl([['What is kept back?', 'this']])
    )
    await until(async () => (await author.service.datanet(datanet)) !== undefined, 'the author hears of it')
    const before = await host.chain.tokens.balanceOf(author.address)
    const give = async (): Promise<Hex> => {
      const { id } = await author.service.contribute({ datanet, file, mostBond: amount })
      await until(async () => ((await host.service.contribution(id))?.checks.length ?? 0) > 0, 'it is checked')
      return id
    }
    const first = await give()
    ahead = 2 * 600_000
    for (const { service } of [host, author])
      await until(async () => (await service.contribution(first))?.reason === 'no-quorum', 'its time is over')
    assert.equal((await author.service.bond(first))?.state, 'open')

    const second = await give()
    assert.notEqual(second, first)
    await host.service.vote(second, true)
    await until(async () => (await author.service.contribution(second))?.status === 'accepted', 'it is accepted')
    const seen = await host.service.contribution(second)
    assert.deepEqual([seen?.own, seen?.rows], [3, 3], 'none of its rows counts as a copy')

    const anvil = createTestClient({ mode: 'anvil', transport: http(network.rpcUrl) })
    await anvil.increaseTime({ seconds: 3_600 + 2 * 600 + 60 })
    await anvil.mine({ blocks: 1 })
    for (const id of [first, second])
      await until(async () => (await author.service.bond(id))?.state === 'returned', 'its bond comes back')
    assert.equal(await host.chain.tokens.balanceOf(author.address), before)
  })
})
