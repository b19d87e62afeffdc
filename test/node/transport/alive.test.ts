import assert from 'node:assert/strict'
import type { Connection } from '@libp2p/interface'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { aliveMs, watchAlive } from '../../../node/transport/host/alive.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import { startStranger, stopStrangers } from './stranger.ts'

const pingProtocol = '/ipfs/ping/1.0.0'

describe('transport: who is still there', () => {
  const stops: (() => void)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) stop()
    await stopStrangers()
    await stopNodes()
  })

  /** A plain libp2p that has dialled somebody, and how often it has pinged. */
  async function watching(other: Parameters<typeof startStranger>[0], patienceMs: number) {
    const stranger = await startStranger(other)
    const { libp2p } = stranger
    const clock = manualClock()
    stops.push(watchAlive(libp2p, patienceMs, { clock, log: silentLog }))
    await stranger.dial()
    const [connection] = libp2p.getConnections() as [Connection]
    let pings = 0
    const open = connection.newStream.bind(connection)
    connection.newStream = (protocol, options) => {
      if (String(protocol) === pingProtocol) pings++
      return open(protocol, options)
    }
    const look = () => clock.advance(aliveMs.look)
    return { libp2p, connection, look, pings: () => pings }
  }

  it('is asked every minute, and oftener only where somebody waits for it', async () => {
    const node = await startNode()
    const { connection, look, pings } = await watching(node, 30_000)
    const asked: number[] = []
    const rest = () => until(() => connection.streams.every(one => one.protocol.startsWith('/meshsub/')), 'both rest')
    for (let looks = 0; looks < 7; looks++) {
      await rest() // they meet, and what a ping opens is closed
      await look()
      asked.push(pings())
    }
    assert.deepEqual(asked, [1, 1, 1, 2, 2, 2, 3])
    await rest()
    assert.equal(typeof connection.rtt, 'number')
    const stream = await connection.newStream('/tilth/peers/neighbours/1')
    await look()
    await look()
    assert.equal(pings(), 5)
    stream.abort(new Error('it is not needed any more'))
    await rest()
    await look()
    assert.equal(pings(), 5)
    assert.equal(connection.status, 'open')
  })

  it('is gone where it does not answer, and there where it says that it knows no pings', async () => {
    const silent = await startStranger(await startNode())
    await silent.libp2p.handle(pingProtocol, () => undefined)
    const ignorant = await startStranger(await startNode())
    const listening = ({ libp2p }: typeof silent) => ({
      peers: { listening: () => libp2p.getMultiaddrs().map(String), self: { peerId: libp2p.peerId.toString() } }
    })
    const [gone, there] = [await watching(listening(silent), 50), await watching(listening(ignorant), 10_000)]
    await gone.look()
    await until(() => gone.connection.status !== 'open', 'the silent one is cut off')
    let refused: unknown
    const open = there.connection.newStream.bind(there.connection)
    there.connection.newStream = async (...asked) => {
      return open(...asked).catch((error: unknown) => {
        refused = error
        throw error
      })
    }
    await there.look()
    await until(() => refused !== undefined, 'the other says so')
    assert.equal(there.connection.status, 'open')
  })
})
