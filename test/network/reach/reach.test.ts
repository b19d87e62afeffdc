import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { z } from 'zod'
import { scratch, startRemote, stopRemotes, until } from '../../harness/index.ts'
import type { Remote } from '../../harness/index.ts'
import type { ReachView } from '../../../node/transport/index.ts'
import { addressOf, createWorld, missing, outside } from './world.ts'
import type { Place, World } from './world.ts'

const reason = missing()

describe(`a node behind a router${reason === undefined ? '' : ` (skipped: ${reason})`}`, function () {
  this.timeout(180_000)
  let world: World, folder: string
  let relay: Remote, home: Remote, client: Remote
  before(async function () {
    if (reason !== undefined) this.skip()
    world = createWorld()
    folder = await scratch('reach')
  })
  after(async () => {
    if (reason !== undefined) return
    await stopRemotes()
    world.remove()
    await rm(folder, { recursive: true, force: true })
  })

  const port = 4181
  const start = (
    place: Place,
    more: { announce?: string[]; relay?: boolean; bootstrap?: string[]; upnp?: boolean } = {}
  ) =>
    startRemote(
      place,
      {
        directory: join(folder, place),
        preset: 'public',
        listen: [`/ip4/${place === 'home' ? addressOf.home : '0.0.0.0'}/tcp/${port}`],
        bootstrap: [],
        ...more
      },
      world.within(place)
    )
  const view = async (node: Remote): Promise<ReachView> => (await node.call('reach')) as ReachView
  const served = async (): Promise<boolean> => (await client.call('push', home.self.address, 3)) === 150_000

  it('takes a place at a relay by itself, and its owner is told what to forward', async () => {
    relay = await start('relay', { announce: [`/ip4/${addressOf.relay}/tcp/${port}`], relay: true })
    const bootstrap = [`/ip4/${addressOf.relay}/tcp/${port}/p2p/${relay.self.peerId}`]
    // A router that forwards by itself is asked for, and missed without harm.
    ;[home, client] = await Promise.all([start('home', { bootstrap }), start('client', { bootstrap, upnp: true })])
    await until(
      async () => {
        const { state, asked } = await view(home)
        return state === 'relayed' && asked > 0
      },
      `the home, hidden by ${world.kind}, is reached through the relay`,
      60_000
    )
    const { addresses, seenAt, help } = await view(home)
    assert.deepEqual(seenAt, [outside])
    assert.ok(addresses.some(({ address, proof }) => address === `/ip4/${outside}/tcp/${port}` && proof === 'failed'))
    assert.match(help ?? '', new RegExp(`TCP ${port} is not reachable from outside at ${outside}.*--announce`))
    assert.ok(addresses.some(({ address, proof }) => address.includes('/p2p-circuit') && proof === 'relay'))
  })

  it('knows of a node on the street that it can be dialled, since the relay did', async () => {
    await until(
      async () =>
        (await view(client)).addresses.some(
          ({ address, proof }) => address === `/ip4/${addressOf.client}/tcp/${port}` && proof === 'dialled'
        ),
      'the client was dialled',
      60_000
    )
    assert.equal((await view(client)).state, 'open')
  })

  it('serves a client that knows its account only: through the relay, then directly, then without relay', async () => {
    // The client finds it in the DHT and comes through the relay, for no other way is open.
    await until(
      async () => {
        try {
          return z.object({ peerId: z.string() }).parse(await client.call('dial', home.self.address)).peerId !== ''
        } catch {
          return false
        }
      },
      'the client reaches the home',
      60_000
    )
    assert.ok(await served())
    // DCUtR: the home dials the client, which can be dialled, and the relay is left.
    await until(async () => (await client.call('way', home.self.peerId)) === 'direct', 'the way is direct', 60_000)
    relay.process.kill('SIGKILL')
    await once(relay.process, 'exit')
    assert.ok(await served())
    assert.equal(await client.call('way', home.self.peerId), 'direct')
  })
})
