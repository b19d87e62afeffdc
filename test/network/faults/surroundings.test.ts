import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { unlessUnknown, until } from '../../../daemon/local/loop/poll.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { scratch, smallDisk } from '../../harness/index.ts'
import type { TestDaemon } from '../../harness/index.ts'
import { startStranger, stopStrangers } from '../../node/transport/stranger.ts'
import { setStage, victimOf } from './stage.ts'
import type { Stage } from './stage.ts'

/** Four validators as processes, three of whom make more than two thirds, and what goes wrong around them. */
describe('four validators', function () {
  this.timeout(300_000)
  let stage: Stage
  let disk: ReturnType<typeof smallDisk>
  before(async () => {
    disk = smallDisk(await scratch('small'), 64)
    const folder = 'folder' in disk ? join(disk.folder, 'validator-4') : undefined
    stage = await setStage('surroundings', 4, i => (i === 3 && folder !== undefined ? { folder } : {}))
  })
  after(async () => {
    await stage?.world.stop()
    if ('remove' in disk) disk.remove()
  })
  const one = (i: number): TestDaemon => stage.validators[i] as TestDaemon
  const neighbours = async ({ api }: TestDaemon): Promise<readonly string[]> =>
    (await api.call('peers')).items.map(({ address }) => address)
  const statusAt = async ({ api }: TestDaemon, id: Hex): Promise<string | undefined> =>
    (await api.call('contributions', { params: { id: stage.datanet } })).items.find(one => one.id === id)?.status

  it('in two halves decide nothing, and come to the same set once they are one again', async () => {
    const { daemons, validators } = stage
    await daemons.part([one(0), one(1)])
    for (const daemon of validators)
      await until(`${daemon.name} losing sight of the other half`, 60, async () =>
        (await neighbours(daemon)).length === 1 ? true : undefined
      )
    // Commitments go to the chain, which both halves read: each knows the other's, and has not seen what it is.
    const ids = [await stage.contribute(one(0)), await stage.contribute(one(2))]
    for (const [i, id] of ids.entries())
      for (const daemon of [one(2 * i), one(2 * i + 1)])
        await until(`${daemon.name} voting on what its half has`, 60, async () => {
          const { items } = await daemon.api.call('contributions', { params: { id: stage.datanet } })
          const status = items.find(one => one.id === id)?.status
          return status === 'voting' || status === 'revealed' ? true : undefined
        })
    for (const daemon of validators) for (const id of ids) assert.notEqual(await statusAt(daemon, id), 'accepted')
    await daemons.part([])
    for (const id of ids) await stage.accepted(validators, id)
    const accepted = await Promise.all(
      validators.map(async ({ api }) =>
        (await api.call('contributions', { params: { id: stage.datanet } })).items.map(({ id, index, status, own }) => [
          id,
          index,
          status,
          own
        ])
      )
    )
    for (const list of accepted) assert.deepEqual(list, accepted[0])
    // Whose seals stand under a version has made it from its own book.
    const { count } = await one(0).api.call('anchorVersion', { params: { id: stage.datanet } })
    assert.equal(count, 2)
    await stage.nobodyIsAccused(validators)
  })

  it('two of whom are ten minutes ahead and behind vote with the others, and tell their owners', async () => {
    const [ahead, behind] = [one(1), one(2)]
    await Promise.all([stage.daemons.kill(ahead), stage.daemons.kill(behind)])
    await Promise.all([
      stage.daemons.start(ahead, { ahead: 600_000 }),
      stage.daemons.start(behind, { ahead: -600_000 })
    ])
    const id = await stage.contribute(one(0))
    await stage.accepted(stage.validators, id)
    for (const [daemon, seconds] of [
      [ahead, -600],
      [behind, 600]
    ] as const)
      await until(`${daemon.name} knowing that its clock is off`, 60, async () => {
        const { clock } = await daemon.api.call('status')
        return Math.abs(clock.secondsAhead - seconds) < 60 ? true : undefined
      })
    await stage.nobodyIsAccused(stage.validators)
    await Promise.all([stage.daemons.kill(ahead), stage.daemons.kill(behind)])
    await Promise.all([stage.daemons.start(ahead, { ahead: 0 }), stage.daemons.start(behind, { ahead: 0 })])
  })

  it('one of whose blocks a disk has turned gives it to nobody, and has it again from the others', async () => {
    const id = await stage.contribute(one(0))
    await stage.accepted(stage.validators, id)
    const daemon = one(1)
    const row = async () => (await daemon.api.call('row', { params: { id, row: 0 } })).messages
    const before = await row()
    assert.ok(before)
    const said = before[0]?.content ?? ''
    const blocks = join(daemon.folder, 'ipfs')
    const isIt = (path: string): boolean => path.endsWith('.data') && readFileSync(path).includes(said)
    const [block = ''] = readdirSync(blocks, { recursive: true, encoding: 'utf8' })
      .map(name => join(blocks, name))
      .filter(isIt)
    const whole = readFileSync(block)
    const turned = Buffer.from(whole)
    turned[turned.indexOf('bird')] = 'w'.charCodeAt(0)
    writeFileSync(block, turned)
    // What was read before is in memory.
    await stage.daemons.kill(daemon)
    await stage.daemons.start(daemon)
    await until('the row as it was', 60, async () => ((await row()) === null ? undefined : true))
    assert.deepEqual(await row(), before)
    assert.deepEqual(readFileSync(block), whole)
    assert.deepEqual(readFileSync(block.replace(/\.data$/, '.damaged')), turned)
  })

  it('one of whose disks is full say so and promise nothing, and go on once there is room', async function () {
    if ('missing' in disk) {
      console.log(`      left out: ${disk.missing}`)
      return this.skip()
    }
    const daemon = one(3)
    const others = stage.validators.slice(0, 3)
    disk.fill()
    await assert.rejects(
      stage.contribute(daemon),
      (error: unknown) => error instanceof TilthError && error.code === 'store.disk-full'
    )
    const id = await stage.contribute(one(0))
    for (const { name, api } of others)
      await until(`${name} waiting for its vote`, 60, async () => {
        const votes = await unlessUnknown(api.call('votes', { params: { id } }))
        return votes?.validators.filter(({ step }) => step === 'committed').length === 3 ? true : undefined
      })
    disk.empty()
    await stage.accepted(stage.validators, id)
    const own = await stage.contribute(daemon)
    await stage.accepted(stage.validators, own)
    // What it has acknowledged since stands on its disk, too.
    await stage.daemons.kill(daemon)
    await stage.daemons.start(daemon)
    for (const known of [id, own]) assert.equal(await statusAt(daemon, known), 'accepted')
    await stage.nobodyIsAccused(stage.validators)
  })
  it('that are flooded cut the flooder off, and the others notice nothing', async () => {
    const flooded = one(0)
    const stranger = await startStranger(victimOf(flooded))
    try {
      await stranger.dial()
      const topic = datanetTopic(stage.datanet)
      stranger.libp2p.services.pubsub.subscribe(topic)
      await until('the stranger knowing who hears the topic', 30, async () =>
        stranger.libp2p.services.pubsub.getSubscribers(topic).length > 0 ? true : undefined
      )
      const contributed = stage.contribute(one(1))
      for (let n = 0; stranger.connected(); n++) {
        await stranger.say(topic, JSON.stringify({ kind: 'vote', n })).catch((error: unknown) => {
          if (stranger.connected()) throw error
        })
        if (n % 50 === 0) await setImmediate()
      }
      await stage.accepted(stage.validators, await contributed)
      const bans = async ({ url, token }: TestDaemon): Promise<number> => {
        const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
        return Number(/^tilth_peer_bans_total (\d+)$/m.exec(await answer.text())?.[1] ?? 0)
      }
      assert.deepEqual(await Promise.all(stage.validators.map(bans)), [1, 0, 0, 0])
      for (const daemon of stage.validators) assert.equal((await neighbours(daemon)).length, 3)
    } finally {
      await stopStrangers()
    }
  })
})
