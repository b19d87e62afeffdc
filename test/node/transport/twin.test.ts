import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTwinWatch } from '../../../node/transport/gossip/twin.ts'
import { manualClock, systemClock } from '../../../node/runtime/index.ts'
import { toHex } from '../../../protocol/primitives/index.ts'
import { runsAnswer, signRun, streamLimits } from '../../../protocol/wire/index.ts'
import type { RunWord } from '../../../protocol/wire/index.ts'
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

  /** By a clock that the test sets. */
  const depsAt = (ahead: { readonly ms: number }) => ({
    clock: { ...systemClock, now: () => Date.now() + ahead.ms },
    limits: {
      streams: { [protocol]: { ...streamLimits[protocol], opens: { perSecond: 100, burst: 100 }, perPeer: 16 } }
    }
  })

  it('find each other by what their neighbours were told; who has its key alone finds nobody', async () => {
    const noticed = new Set<string>()
    const clocks: { ms: number }[] = []
    /** A node that asks often, and whose clock is set by the test. */
    const start = (name: string, privateKey: Uint8Array, join: readonly TestNode[]): Promise<TestNode> => {
      const ahead = { ms: -60_000 }
      clocks.push(ahead)
      return startNode({ privateKey, join }, { ...depsAt(ahead), onTwin: () => noticed.add(name), askTwinMs: 100 })
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
  it('do not take a run before for another, whose words they come by again with a clock set back', async () => {
    const ahead = { ms: 0 }
    const other = await startNode({}, depsAt(ahead))
    const [privateKey, run] = [Uint8Array.from(randomBytes(32)), toHex(Uint8Array.from(randomBytes(32)))]
    const now = Math.floor(Date.now() / 1000)
    /** Says that there is such a run. @returns of which the neighbour had heard */
    const say = async (node: TestNode, at: number): Promise<RunWord[]> => {
      const stream = await node.streams.open(other.peers.self.peerId, protocol)
      await stream.send(signRun(run, at, privateKey))
      const answer = await stream.next(runsAnswer)
      await stream.end()
      return answer?.runs ?? []
    }
    const before = await startNode({ privateKey, join: [other] }, depsAt({ ms: 60_000 }))
    await until(() => before.peers.connected().length === 1, 'they are connected')
    await say(before, now)
    assert.equal((await say(before, now)).length, 1)
    ahead.ms += 1_000_000
    assert.deepEqual(await say(before, now + 30), [], 'what is old is forgotten')
    await say(before, now + 59)
    await before.stop()

    const back = { ms: 0 }
    const { directory } = before
    let noticed = false
    const again = await startNode(
      { privateKey, directory, join: [other] },
      { ...depsAt(back), onTwin: () => (noticed = true), askTwinMs: 200 }
    )
    back.ms = 60_000
    await until(() => again.peers.connected().length === 1, 'they are connected again')
    // What it will say next is noted before each question: with the second one, the first has been answered.
    const noted = async (): Promise<number> => Number(await readFile(join(directory, 'last-word'), 'utf8'))
    for (const seconds of [100, 200]) {
      back.ms = seconds * 1000
      await until(async () => (await noted()) >= now + seconds, 'it asks')
    }
    assert.equal(noticed, false)
  })
})
