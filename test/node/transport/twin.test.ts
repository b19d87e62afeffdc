import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createTwinWatch } from '../../../node/transport/gossip/twin.ts'
import { manualClock, systemClock } from '../../../node/runtime/index.ts'
import { streamLimits } from '../../../protocol/wire/index.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'

describe('transport: another process that speaks with this node’s key', () => {
  const at = (clock: ReturnType<typeof manualClock>): number => Math.floor(clock.now() / 1000)

  it('is noticed by two words that this one has not said, some seconds apart', async () => {
    const clock = manualClock()
    let noticed = 0
    const heard = createTwinWatch(clock, () => noticed++)
    await clock.advance(30_000)
    heard(at(clock))
    await clock.advance(5_000)
    heard(at(clock))
    assert.equal(noticed, 0)
    await clock.advance(5_000)
    heard(at(clock))
    heard(at(clock))
    assert.equal(noticed, 2)
  })

  it('is not the run before, whose words still go round', async () => {
    const clock = manualClock()
    let noticed = 0
    const before = at(clock)
    await clock.advance(20_000)
    const heard = createTwinWatch(clock, () => noticed++)
    for (let second = 0; second <= 20; second++) heard(before + second)
    await clock.advance(120_000)
    heard(before + 20)
    assert.equal(noticed, 0)
  })
})

describe('transport: two nodes with one key in a network in which all know each other', function () {
  this.timeout(120_000)
  after(stopNodes)
  const protocol = '/tilth/peers/runs/1'

  it('find each other by what their neighbours were told; who has its key alone finds nobody', async () => {
    const noticed = new Set<string>()
    const clocks: { ms: number }[] = []
    /** A node that asks often, and whose clock is set by the test. */
    const start = (name: string, privateKey: Uint8Array, join: readonly TestNode[]): Promise<TestNode> => {
      const ahead = { ms: -60_000 }
      clocks.push(ahead)
      const clock = { ...systemClock, now: () => Date.now() + ahead.ms }
      const limits = { streams: { [protocol]: { ...streamLimits[protocol], opens: { perSecond: 100, burst: 100 } } } }
      return startNode({ privateKey, join }, { clock, onTwin: () => noticed.add(name), askTwinMs: 100, limits })
    }
    const [key, otherKey, thirdKey] = [0, 1, 2].map(() => Uint8Array.from(randomBytes(32))) as [
      Uint8Array,
      Uint8Array,
      Uint8Array
    ]
    const other = await start('other', otherKey, [])
    const third = await start('third', thirdKey, [other])
    const twins = [await start('one', key, [other, third]), await start('two', key, [other, third])]
    await until(() => twins.every(({ peers }) => peers.connected().length === 2), 'both are connected')
    // Time goes on: what is said later, and again some seconds later, is of no run before.
    let since = Date.now()
    await until(() => {
      if (Date.now() - since > 500) {
        since = Date.now()
        for (const ahead of clocks) ahead.ms += 3_000
      }
      return noticed.size >= 2
    }, 'both have noticed')
    assert.deepEqual([...noticed].sort(), ['one', 'two'])
  })
})
