export type * from './types.ts'
export { addressOfPeer } from './identity.ts'
export { dhtProtocol } from './host.ts'
export { createTransport } from './transport.ts'
