import assert from 'node:assert/strict'
import type { Libp2p, PeerId } from '@libp2p/interface'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { keepConnected } from '../../../node/transport/peers/keeper.ts'
import { until } from '../../harness/index.ts'

const peer = (name: string): PeerId =>
  ({ type: 'secp256k1', toString: () => name, toMultihash: () => ({ bytes: new Uint8Array() }) }) as unknown as PeerId

/** A node whose DHT finds whom the test says, with nothing behind it. */
function fakeNode() {
  const events = new EventTarget()
  const connected = new Map<string, PeerId>()
  const state = { looks: 0, found: [] as PeerId[], fails: false }
  const connect = (id: PeerId): void => {
    connected.set(id.toString(), id)
    events.dispatchEvent(new CustomEvent('peer:connect', { detail: id }))
  }
  const node = {
    peerId: peer('self'),
    getConnections: () => [...connected.values()].map(remotePeer => ({ remotePeer })),
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
    peerStore: { all: async () => [] },
    dial: async (id: PeerId) => {
      connect(id)
    },
    peerRouting: {
      async *getClosestPeers() {
        state.looks++
        if (state.fails) throw new Error('nobody answered in time')
        for (const id of state.found) yield { id }
      }
    }
  }
  return { node: node as unknown as Libp2p, state, connect, connected }
}

describe('keeping a node connected', () => {
  const steps = async (clock: ReturnType<typeof manualClock>, seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) await clock.advance(1_000)
  }

  it('whoever comes late is looked for as soon as somebody comes who may know of it', async () => {
    const clock = manualClock()
    const { node, state, connect, connected } = fakeNode()
    connect(peer('bootstrap'))
    const stop = keepConnected(node, [], { clock, log: silentLog })
    // Long after the start looks that find nobody are far apart.
    await until(() => state.looks > 0, 'a first look')
    await steps(clock, 120)
    const rare = state.looks
    assert.ok(rare < 8, `${rare} looks`)
    await steps(clock, 60)
    assert.ok(state.looks <= rare + 1)
    state.found = [peer('late')]
    connect(peer('other'))
    await steps(clock, 9)
    assert.ok(connected.has('late'))
    stop()
  })

  it('a look that could not be made says nothing of who is there', async () => {
    const clock = manualClock()
    const { node, state, connect, connected } = fakeNode()
    state.fails = true
    connect(peer('bootstrap'))
    const stop = keepConnected(node, [], { clock, log: silentLog })
    await until(() => state.looks > 0, 'a first look')
    await steps(clock, 300)
    state.fails = false
    state.found = [peer('late')]
    await steps(clock, 40)
    assert.ok(connected.has('late'))
    stop()
  })
})
