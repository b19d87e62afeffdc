import { InvalidError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'

export const unknownPeer = (name: string): NotFoundError =>
  new NotFoundError('peer.unknown', `no peer ${name.slice(0, 80)} is known here or in the DHT`, {
    help: 'It may be offline; it is found once it joins.',
    consequence: 'retry'
  })

export const unreachable = (name: string, cause: unknown): TilthError =>
  new TilthError('peer.unreachable', `the peer ${name.slice(0, 120)} could not be reached`, { cause })

export const badKeyType = (peerId: string): InvalidError =>
  new InvalidError(
    'peer.key-type',
    `the peer ${peerId.slice(0, 80)} has no secp256k1 key, so it is nobody on this network`
  )
