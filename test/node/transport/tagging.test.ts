import assert from 'node:assert/strict'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import type { KadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { taggedOnNews } from '../../../node/transport/host/dht/tagging.ts'
import { until } from '../../harness/index.ts'

describe('transport: the closest peers of a DHT', () => {
  it('are compared after news of one, and else never', async () => {
    let [heard, compared] = [0, 0]
    const tagging = {
      onPeerPing: (): void => void heard++,
      updatePeerTags: async (): Promise<void> => void compared++
    }
    taggedOnNews({ routingTable: { closestPeerTagger: tagging } } as unknown as KadDHT)
    const rounds = async (many: number): Promise<number> => {
      for (let i = 0; i < many; i++) await tagging.updatePeerTags()
      return compared
    }
    assert.equal(await rounds(3), 0)
    tagging.onPeerPing()
    assert.equal(heard, 1)
    // One that came just before a round is in the list by the next.
    assert.equal(await rounds(5), 2)
  })

  it('are kept by libp2p as they are without it', async () => {
    const nodeOf = () =>
      createLibp2p({
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        connectionGater: { denyDialMultiaddr: () => false },
        services: {
          identify: identify(),
          ping: ping(),
          dht: components => taggedOnNews(kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper })(components))
        }
      })
    const [one, other] = [await nodeOf(), await nodeOf()]
    try {
      const { remotePeer } = await one.dial(other.getMultiaddrs())
      await until(async () => (await one.peerStore.get(remotePeer)).tags.has('kad-close'), 'it is marked', 60_000)
    } finally {
      await one.stop()
      await other.stop()
    }
  })
})
