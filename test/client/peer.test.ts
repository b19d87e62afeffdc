import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tcp } from '@libp2p/tcp'
import { logTo } from '../../client/log.ts'
import { startPeer } from '../../client/peer/peer.ts'
import { systemClock } from '../../node/runtime/clock.ts'
import { libp2pKey, peerOf } from '../../node/transport/identity.ts'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'

const someone = (): string => peerOf(peerIdFromPrivateKey(libp2pKey(randomBytes(32)))).peerId

describe('where a light peer dials', function () {
  this.timeout(30_000)
  /** A machine that is no worker: whoever dials it is seen, and let go. */
  const dialled: string[] = []
  let server: Server
  before(async () => {
    server = createServer(socket => {
      dialled.push(socket.localAddress ?? '')
      socket.destroy()
    })
    await new Promise<void>(resolve => server.listen(0, resolve))
  })
  after(() => server.close())
  beforeEach(() => dialled.splice(0))
  const at = (host: string): string => `/ip4/${host}/tcp/${(server.address() as AddressInfo).port}`

  const start = (first: string, isDevelopment = false) =>
    startPeer(
      { key: randomBytes(32), transports: [tcp()], dialled: () => true, first: [first], isDevelopment },
      { clock: systemClock, log: logTo() }
    )
  const open = async (peer: Awaited<ReturnType<typeof start>>, worker: string): Promise<void> => {
    await assert.rejects(peer.streams.open(worker, '/tilth/models/infer/1', { signal: AbortSignal.timeout(10_000) }))
    await peer.stop()
  }

  it('is no machine of its own network by a stranger’s word, unless the network is there', async () => {
    for (const [first, isDevelopment, expected] of [
      ['/ip4/8.8.8.8/tcp/1', false, 0],
      ['/ip4/8.8.8.8/tcp/1', true, 1],
      ['/ip4/10.0.0.1/tcp/1', false, 1]
    ] as const) {
      const peer = await start(`${first}/p2p/${someone()}`, isDevelopment)
      const worker = someone()
      await peer.learn(worker, [at('127.0.0.1')], someone())
      await open(peer, worker)
      assert.equal(dialled.length, expected, first)
      dialled.splice(0)
    }
  })

  it('is a few addresses of a worker, and of each who told of some at least one', async () => {
    const peer = await start(`/ip4/10.0.0.1/tcp/1/p2p/${someone()}`)
    const worker = someone()
    await peer.learn(worker, [at('127.0.0.99')], someone())
    for (let i = 0; i < 7; i++)
      await peer.learn(
        worker,
        Array.from({ length: 9 }, (_, j) => at(`127.0.${i + 1}.${j + 1}`)),
        someone()
      )
    await open(peer, worker)
    assert.equal(dialled.length, 8)
    assert.ok(dialled.some(address => address.endsWith('127.0.0.99')))
  })

  it('is waited for by each as long as it wants', async () => {
    // A node that takes the call and says nothing.
    const silent = createServer(() => undefined)
    await new Promise<void>(resolve => silent.listen(0, resolve))
    const peer = await start(`/ip4/127.0.0.1/tcp/${(silent.address() as AddressInfo).port}/p2p/${someone()}`)
    const impatient = new AbortController()
    const first = peer.join(impatient.signal)
    const second = peer.join()
    impatient.abort(new Error('enough'))
    await assert.rejects(first, /enough/)
    await assert.rejects(second, { code: 'client.alone' })
    await peer.stop()
    silent.close()
  })
})
