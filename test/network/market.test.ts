import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { scratch, until } from '../harness/index.ts'
import { startAsking, startMarket } from './market.ts'
import type { Market } from './market.ts'

/** Real processes: eight ask, three answer, and two of these are ended by `kill -9` in the middle of it. */
describe('a market of several workers', function () {
  this.timeout(600_000)
  let root = ''
  let market: Market

  before(async () => {
    root = await scratch('market')
    market = await startMarket(root, { clients: 1, workers: 3 })
  })
  after(async () => {
    await market?.stop()
    await rm(root, { recursive: true, force: true })
  })

  it('loses no answer while its workers are killed, and says the same by whichever of them', async () => {
    const load = startAsking(market, { askers: 8, maxTokens: 64 })
    const { found } = load
    const more = (answers: number): Promise<void> => {
      const from = found.answers + found.lost.length
      return until(() => found.answers + found.lost.length >= from + answers, 'more answers', 120_000)
    }
    try {
      await more(16) // so that each of them has channels, and something to lose
      for (const worker of market.workers.slice(0, 2)) {
        const back = market.kill(worker)
        await more(8)
        await back
      }
      await more(8)
    } finally {
      await load.stop()
    }
    assert.deepEqual(found.lost, [])
    assert.equal(found.wrong, 0)
    assert.ok(found.answers >= 40)
  })
})
