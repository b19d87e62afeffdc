import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { contributeSigned } from '../../daemon/cli/commands/contribute.ts'
import { makePerson } from '../../daemon/local/network/founding.ts'
import { bundledBase } from '../../daemon/assets.ts'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import type { LocalNetwork, LocalNetworkOptions } from '../../daemon/local/network/network.ts'
import { unlessUnknown, until } from '../../daemon/local/loop/poll.ts'
import { pause, scratch } from '../harness/index.ts'

/** Numbers that look random and are the same each time. */
function drawn(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

/** A network of real processes: its daemons are killed while they work, and it is stopped and taken up again. */
describe('a local network', function () {
  this.timeout(400_000)
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
  const receipts = new Set<string>()
  const contributions = new Set<string>()
  let model = ''
  let datanet = ''

  before(async () => {
    folder = await scratch('kills')
    network = await startLocalNetwork(options())
  })
  after(async () => {
    await network?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function ask(): Promise<void> {
    const { api } = network.daemon('client')
    const body = { model, messages: [{ role: 'user' as const, content: 'Which metal is liquid?' }], maxTokens: 16 }
    for await (const event of api.stream('ask', { body })) {
      if (event.kind === 'error') throw new Error(`${event.code}: ${event.message}`)
      if (event.kind === 'done') for (const id of event.receipts) receipts.add(id)
    }
  }

  it('starts what is killed again, and loses neither what it acknowledged nor an answer', async () => {
    const host = network.daemon('host').api
    const validators = ['host', 'validator-1', 'validator-2'].map(name => ({
      address: network.daemon(name).address,
      weight: 1
    }))
    datanet = (
      await host.call('createDatanet', {
        body: {
          rules: {
            name: 'metals',
            description: '',
            licence: 'CC0-1.0',
            maxRows: 100,
            maxBytes: 100_000,
            uploadsPerContributor: 50,
            nearDuplicate: 500,
            minOwnShare: 500,
            validators,
            revealSeconds: 600,
            voteSeconds: 600
          },
          heldOut: '{"prompt":"Which metal is liquid at room temperature?","response":"mercury"}\n'
        }
      })
    ).id
    const { cid } = await host.call('importBase', { body: { folder: bundledBase.folder() } })
    const split = { worker: 8000, builder: 2000, data: 0 }
    model = (await host.call('registerModel', { body: { name: 'seedling', base: cid, split } })).id
    for (const { name, api } of network.daemons) {
      await until(`${name} hearing of both`, 60, async () => {
        const known = await unlessUnknown(api.call('datanet', { params: { id: datanet } }))
        return known && (await unlessUnknown(api.call('model', { params: { id: model } })))
      })
      if (name.startsWith('worker')) await api.call('serve', { params: { id: model }, body: {} })
    }
    await until('offers of both workers', 60, async () => {
      const { offers } = await network.daemon('client').api.call('model', { params: { id: model } })
      return offers.length === 2 ? true : undefined
    })

    // The load: somebody asks, somebody contributes.
    const over = new AbortController()
    const lost: string[] = []
    const away = new Set<string>()
    /** What goes wrong is a loss, unless the daemon asked is the one killed: then it is asked again. */
    const working = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const { process } = network.daemon(name)
      const [{ pid }, wasAway] = [process, away.has(name)]
      try {
        await work()
      } catch (error) {
        if (!wasAway && !away.has(name) && process.pid === pid) lost.push(String(error))
        await pause(200)
      }
    }
    const asking = (async () => {
      while (!over.signal.aborted) {
        await working('client', ask)
      }
    })()
    const ada = await makePerson(folder, 'ada')
    const door = network.daemon('validator-1')
    const contributing = (async () => {
      for (let n = 0; !over.signal.aborted; n++) {
        const rows = Array.from({ length: 3 }, (_, i) =>
          JSON.stringify({ prompt: `What is metal number ${n * 3 + i}?`, response: `metal ${n * 3 + i}` })
        ).join('\n')
        await working('validator-1', async () => {
          contributions.add((await contributeSigned(door.api, datanet, rows, ada.address, ada.privateKey)).id)
        })
        await pause(500)
      }
    })()

    const draw = drawn(7)
    const names = ['worker-1', 'validator-1', 'worker-2', 'host', 'client', 'validator-2']
    while (names.length > 0) {
      const [name = ''] = names.splice(draw(names.length), 1)
      const daemon = network.daemon(name)
      const asked = receipts.size
      const { pid, ended } = daemon.process
      away.add(name)
      process.kill(pid, 'SIGKILL')
      await ended
      await until(`${name} running again`, 60, async () => (daemon.process.pid === pid ? undefined : true))
      await daemon.process.ready(60_000)
      away.delete(name)
      await until('answers meanwhile and afterwards', 60, async () => (receipts.size > asked + 1 ? true : undefined))
    }
    over.abort()
    await Promise.all([asking, contributing])

    assert.deepEqual(lost, [])
    assert.equal(notices.length, 6)
    for (const notice of notices) assert.match(notice, /ended \(SIGKILL\).*started again in 0\.5 s/)
    assert.ok(contributions.size > 0)
    await everythingIsThere()
  })

  async function everythingIsThere(): Promise<void> {
    await until('every receipt at the client', 60, async () => {
      const known = new Set<string>()
      for await (const { id } of network.daemon('client').api.all('receipts')) known.add(id)
      return [...receipts].every(id => known.has(id)) ? true : undefined
    })
    for (const name of ['validator-1', 'host'])
      await until(`every contribution at ${name}`, 60, async () => {
        const known = new Set<string>()
        for await (const { id } of network.daemon(name).api.all('contributions', { params: { id: datanet } }))
          known.add(id)
        return [...contributions].every(id => known.has(id)) ? true : undefined
      })
  }

  it('lives on when its chain is killed, which has all that it told of', async () => {
    const bob = await makePerson(folder, 'bob')
    const rows = '{"prompt":"Which metal is named last?","response":"the last one"}'
    const { id } = await contributeSigned(network.daemon('host').api, datanet, rows, bob.address, bob.privateKey)
    contributions.add(id)
    const { pid } = network.anvil
    process.kill(pid, 'SIGKILL')
    await until('the chain running again', 60, async () => (network.anvil.pid === pid ? undefined : true))
    await until('a daemon reaching it', 60, async () => {
      const { chain } = await network.daemon('host').api.call('health')
      return chain ? true : undefined
    })
    await ask()
    await everythingIsThere()
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
    await everythingIsThere()
    await until('offers of both workers', 60, async () => {
      const found = await unlessUnknown(network.daemon('client').api.call('model', { params: { id: model } }))
      return found?.offers.length === 2 ? true : undefined
    })
    await ask()
  })

  it('is not started a second time on its folder, nor is a daemon: the first ones go on', async () => {
    await assert.rejects(startLocalNetwork(options()), { code: 'network.running' })
    await ask()
  })
})
