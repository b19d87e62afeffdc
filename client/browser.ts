import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { connectWith } from './connect.ts'
import type { ConnectOptions, Tilth } from './types.ts'

/** What a page can dial: WebSocket, WebRTC, and through a relay by either. */
const dialled = /\/(?:wss?|webrtc-direct)(?:\/|$)/

/** `tilth/client` in a browser: a page that is a light peer of a Tilth network, with no daemon. */
export const connect = (options: ConnectOptions): Promise<Tilth> =>
  connectWith(options, {
    transports: [webSockets(), webRTCDirect()],
    dialled: address => dialled.test(address),
    rpcOf: ({ rpc, pageRpc }) => pageRpc ?? rpc
  })

export { checkReceipt } from './receipts.ts'
export { browserStorage } from './storage/indexed-db.ts'
export { TilthError } from '../protocol/primitives/index.ts'
export type * from './types.ts'
