/** What errors of this module are called; one that is not here does not compile. */
export type TransportErrorCode =
  | 'files.bad-path'
  | 'files.car'
  | 'files.cid'
  | 'files.empty'
  | 'files.not-directory'
  | 'files.not-file'
  | 'files.not-plain'
  | 'files.too-large'
  | 'files.unavailable'
  | 'frame.garbage'
  | 'frame.too-large'
  | 'gossip.signature'
  | 'gossip.subscribed'
  | 'key.invalid'
  | 'limit.busy'
  | 'limit.rate'
  | 'limit.time'
  | 'network.announce'
  | 'network.listen'
  | 'network.lonely'
  | 'network.transport'
  | 'peer.id'
  | 'peer.key-type'
  | 'peer.no-protocol'
  | 'peer.run'
  | 'peer.unknown'
  | 'peer.unreachable'
  | 'reach.relayed'
  | 'stream.closed'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/transport': TransportErrorCode
  }
}
