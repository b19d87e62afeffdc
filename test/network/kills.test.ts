import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { contributeSigned } from '../../daemon/cli/commands/contribute.ts'
import { until } from '../../daemon/local/loop/poll.ts'
import { makePerson } from '../../daemon/local/network/founding.ts'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import type { LocalNetwork, LocalNetworkOptions } from '../../daemon/local/network/network.ts'
import { scratch } from '../harness/index.ts'
import { ask, drawn, everythingIsThere, offered, setStage, startLoad } from './load.ts'
import type { Stage } from './load.ts'

/** A network of real processes: its daemons are killed while they work, and it is stopped and taken up again. */
describe('a local network', function () {
  this.timeout(400_000)
  let folder = ''
  let network: LocalNetwork
  let stage: Stage
  const notices: string[] = []
  const options = (): LocalNetworkOptions => ({
    folder: join(folder, 'net'),
    portBase: 0,
    challengeSeconds: 2,
    fresh: false,
    onStep: () => undefined,
    onRestart: text => notices.push(text)
  })
  const acknowledged = { receipts: new Set<string>(), contributions: new Set<string>() }

  before(async () => {
    folder = await scratch('kills')
    network = await startLocalNetwork(options())
  })
  after(async () => {
    await network?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('starts what is killed again, and loses neither what it acknowledged nor an answer', async () => {
    stage = await setStage(network)
    const load = await startLoad(network, stage, acknowledged, folder)
    const draw = drawn(7)
    const names = ['worker-1', 'validator-1', 'worker-2', 'host', 'client', 'validator-2']
    while (names.length > 0) {
      const [name = ''] = names.splice(draw(names.length), 1)
      const asked = acknowledged.receipts.size
      await load.kill(name)
      await until('answers meanwhile and afterwards', 60, async () =>
        acknowledged.receipts.size > asked + 1 ? true : undefined
      )
    }
    await load.stop()

    assert.deepEqual(load.lost, [])
    assert.equal(notices.length, 6)
    for (const notice of notices) assert.match(notice, /ended \(SIGKILL\).*started again in 0\.5 s/)
    assert.ok(acknowledged.contributions.size > 0)
    await everythingIsThere(network, stage, acknowledged)
  })

  it('lives on when its chain is killed, which has all that it told of', async () => {
    const bob = await makePerson(folder, 'bob')
    const rows = '{"prompt":"Which metal is named last?","response":"the last one"}'
    const { api } = network.daemon('host')
    const { id } = await contributeSigned(api, stage.datanet, rows, bob.address, bob.privateKey)
    acknowledged.contributions.add(id)
    const { pid } = network.anvil
    process.kill(pid, 'SIGKILL')
    await until('the chain running again', 60, async () => (network.anvil.pid === pid ? undefined : true))
    await until('a daemon reaching it', 60, async () => ((await api.call('health')).chain ? true : undefined))
    await ask(network, stage, acknowledged)
    await everythingIsThere(network, stage, acknowledged)
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
    await everythingIsThere(network, stage, acknowledged)
    await offered(network, stage.model)
    await ask(network, stage, acknowledged)
  })

  it('is not started a second time on its folder, nor is a daemon: the first ones go on', async () => {
    await assert.rejects(startLocalNetwork(options()), { code: 'network.running' })
    await ask(network, stage, acknowledged)
  })
})
