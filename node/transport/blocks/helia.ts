import { withBitswap } from '@helia/bitswap'
import type { BitswapOptions } from '@helia/bitswap'
import type { HeliaWithLibp2p } from '@helia/libp2p'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Helia, HeliaInit } from 'helia'
import { askingBroker } from './asking.ts'

type HeliaConstructor = new (init: HeliaInit & { name: string; version: string }) => Helia

const bitswapSettings: BitswapOptions = {
  // Connections through a relay count as limited; ours are limited so that an adapter fits through.
  runOnLimitedConnections: true,
  // A message may have 2 MiB: the library's ten seconds are too few for it on a home connection's way up.
  messageSendTimeout: 60_000,
  messageReceiveTimeout: 60_000,
  sendBlocksTimeout: 60_000,
  // A block that got lost is asked for again (reads.ts); by then it must not count as sent any more.
  doNotResendBlockWindow: 1_000
}

/**
 * The package's index loads the network of its defaults (WebRTC, certificates, HTTP gateways), none of which this
 * network uses: 0.8 s of CPU and 80 MB in every process, measured. So its class is taken from its own file, and from
 * the
 * index only should a later version have moved it.
 */
export async function loadHelia(): Promise<HeliaConstructor> {
  try {
    const inner = (await import(new URL('./helia.js', import.meta.resolve('helia')).href)) as {
      Helia?: HeliaConstructor
    }
    if (inner.Helia !== undefined) return inner.Helia
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
  }
  const { createHeliaLight } = await import('helia')
  return createHeliaLight as unknown as HeliaConstructor // called with `new`, it returns the node it makes
}

/** Helia over a libp2p of ours and bitswap; both start and stop with it, and it starts nothing by itself. */
export async function createHelia<S extends ServiceMap>(
  init: HeliaInit,
  libp2p: Libp2p<S>
): Promise<HeliaWithLibp2p<S>> {
  const Helia = await loadHelia()
  const node: HeliaWithLibp2p<S> = Object.assign(new Helia({ name: 'tilth', version: '0.1.0', ...init }), { libp2p })
  node.addMixin({
    name: 'libp2p',
    start: async () => {
      await libp2p.start()
    },
    stop: async () => {
      await libp2p.stop()
    }
  })
  const add = node.addBlockBroker.bind(node)
  node.addBlockBroker = broker => {
    add(typeof broker === 'function' ? broker : askingBroker(broker))
  }
  return withBitswap(node, bitswapSettings)
}
