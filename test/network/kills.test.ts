import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import type { LocalNetwork, LocalNetworkOptions } from '../../daemon/local/network/network.ts'
import { scratch } from '../harness/index.ts'
import { emptyChaos, runChaos } from './chaos.ts'
import { ask, everythingIsThere, offered } from './load.ts'
import type { Stage } from './load.ts'

/** A network of real processes: its daemons are killed while they work, and it is stopped and taken up again. */
describe('a local network', function () {
  this.timeout(900_000)
  let folder = ''
  let network: LocalNetwork
  const notices: string[] = []
  const options = (): LocalNetworkOptions => ({
    folder: join(folder, 'net'),
    portBase: 0,
    challengeSeconds: 2,
    fresh: false,
    onStep: () => undefined,
    onRestart: text => notices.push(text)
  })
  const found = emptyChaos()
  const { acknowledged } = found
  const stage = (): Stage => {
    assert.ok(found.stage)
    return found.stage
  }

  before(async () => {
    folder = await scratch('kills')
    network = await startLocalNetwork(options())
  })
  after(async () => {
    await network?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('starts what is killed again, its chain too, loses nothing that it told of, and ends its loop', async () => {
    const how = { kills: 10, seed: 7, epochs: 4, pauseMs: 1500, askMs: 250 }
    await runChaos(found, { network, folder, ...how, say: () => undefined })

    assert.deepEqual(found.lost, [])
    // Each of seven once, and three of them again.
    assert.equal(new Set(found.table.map(({ killed }) => killed)).size, 7)
    assert.equal(notices.length, 10)
    // Sooner or later, by how soon after its start it was killed.
    for (const notice of notices) assert.match(notice, /started again in [0-9.]+ s/)
    assert.ok(found.acknowledged.contributions.size > 0 && found.acknowledged.receipts.size > 0)
    assert.ok((found.epoch ?? 0) > 0)
  })

  it('is taken up where it stopped: chain, keys, Datanets, models, offers, and the same addresses', async () => {
    const before = network.daemons.map(({ name, address, url }) => ({ name, address, url }))
    const pids = network.daemons.map(({ process }) => process.pid)
    // Whoever asks for the end waits for it, also where several ask.
    void network.stop()
    await network.stop()
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    network = await startLocalNetwork({ ...options(), portBase: undefined })
    assert.ok(network.resumed)
    assert.deepEqual(
      network.daemons.map(({ name, address, url }) => ({ name, address, url })),
      before
    )
    await everythingIsThere(network, stage(), acknowledged)
    await offered(network, stage().model)
    await ask(network, stage(), acknowledged)
  })

  it('is not started a second time on its folder, nor is a daemon: the first ones go on', async () => {
    await assert.rejects(startLocalNetwork(options()), { code: 'network.running' })
    await ask(network, stage(), acknowledged)
  })
})
