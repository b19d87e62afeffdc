import { webSockets } from '@libp2p/websockets'
import { tcp } from '@libp2p/tcp'
import { connectWith } from './connect.ts'
import { checkReceipt as check } from './receipts.ts'
import type { CheckReceipt, Connect } from './types.ts'

/**
 * `tilth/client` in Node: a light peer of a Tilth network, with no daemon.
 * @example
 * const network = JSON.parse(await readFile('network.json', 'utf8'))
 * const tilth = await connect({ network, wallet: { privateKey }, storage: folderStorage('./tilth') })
 * const answer = tilth.ask({ model, messages: [{ role: 'user', content: 'Why?' }], maxFee: 10n ** 17n })
 * for await (const piece of answer) process.stdout.write(piece)
 * console.log(await answer.receipt)
 * await tilth.close()
 */
export const connect: Connect = options =>
  connectWith(options, {
    transports: [webSockets(), tcp()],
    dialled: address => /^\/(?:ip4|ip6|dns4|dns6|dns)\/[^/]+\/tcp\//.test(address),
    rpcOf: ({ rpc }) => rpc
  })

export const checkReceipt: CheckReceipt = check
export { folderStorage } from './storage/folder.ts'
export { fundingCalls } from './funding.ts'
export { TilthError } from '../protocol/primitives/index.ts'
export type * from './types.ts'
