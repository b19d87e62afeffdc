import { tcp } from '@libp2p/tcp'
import type { Libp2pOptions } from 'libp2p'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { TransportOptions } from '../types.ts'

/**
 * What an address is spoken over; QUIC and WebRTC are native code, of which npm has binaries for the usual platforms.
 */
const spoken = {
  ws: /\/wss?(\/|$)/,
  quic: /\/quic-v1(\/|$)/,
  webrtc: /\/webrtc-direct(\/|$)/
} as const

async function native<T>(load: () => Promise<T>, name: string, binaries: string): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw new TilthError('network.transport', `${name} cannot be used on this machine`, {
      consequence: 'fatal',
      cause,
      help: `Its binary comes with npm ci as ${binaries}; where there is none, listen by TCP or WebSocket.`
    })
  }
}

/**
 * The transports that a node's addresses ask for. Loaded only where wanted: six daemons start on one small machine.
 * @throws TilthError `network.transport` when a native one is asked for and not there
 */
export async function transportsOf(options: TransportOptions): Promise<NonNullable<Libp2pOptions['transports']>> {
  const { listen, announce = [], bootstrap, preset } = options
  const asked = (by: RegExp): boolean => [...listen, ...announce, ...bootstrap].some(address => by.test(address))
  const transports: NonNullable<Libp2pOptions['transports']> = [tcp()]
  if (preset === 'public' || asked(spoken.ws)) transports.push((await import('@libp2p/websockets')).webSockets())
  if (preset === 'public') transports.push((await import('@libp2p/circuit-relay-v2')).circuitRelayTransport())
  if (asked(spoken.quic)) {
    const { quic } = await native(() => import('@chainsafe/libp2p-quic'), 'QUIC', '@chainsafe/libp2p-quic-*')
    // the binary is newer than the code around it (package.json, overrides) and wants one number more
    const settings = { maxStreamData: quicWindow, shutdownTimeout: quicShutdownMs }
    transports.push(quic(settings))
  }
  if (asked(spoken.webrtc)) {
    const { webRTCDirect } = await native(() => import('@libp2p/webrtc'), 'WebRTC', '@node-datachannel/*')
    transports.push(webRTCDirect())
  }
  return transports
}

/** Bytes in flight on a QUIC stream: below libp2p's read buffer of 4 MiB, beyond which the stream is reset. */
const quicWindow = 2 << 20
/** Milliseconds that connections have to say goodbye when a node stops. */
const quicShutdownMs = 1000
