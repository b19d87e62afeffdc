import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { connectWith } from './connect.ts'
import { isForPages } from '../protocol/wire/pages.ts'
import { checkReceipt as check } from './receipts.ts'
import type { CheckReceipt, Connect } from './types.ts'

/** `tilth/client` in a browser: a page that is a light peer of a Tilth network, with no daemon. */
export const connect: Connect = options =>
  connectWith(options, {
    transports: [webSockets(), webRTCDirect()],
    dialled: isForPages,
    rpcOf: ({ rpc, pageRpc }) => pageRpc ?? rpc
  })

export const checkReceipt: CheckReceipt = check
export { browserStorage } from './storage/indexed-db.ts'
export { fundingCalls } from './funding.ts'
export { TilthError } from '../protocol/primitives/index.ts'
export type * from './types.ts'
