import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { hostOf, parseMultiaddr } from './addresses.ts'
import type { TransportOptions } from './types.ts'

/** Names that only a machine itself, a LAN or a set of containers knows. */
const isInnerName = (host: string): boolean =>
  !/[.:]/.test(host) || /(^|\.)(localhost|local|lan|internal|home\.arpa)$/i.test(host)

/** Whether the whole internet could use it: no private, loopback or documentation network, or a name known to all. */
export function isPublic(address: Multiaddr): boolean {
  const host = hostOf(address)
  return host !== undefined && !isInnerName(host) && !isPrivate(address)
}

/**
 * Whether a node is of a network of its own, as far as it can know: one host, a LAN, or one that it is the first of.
 * There private addresses are what peers find each other by, and everybody answers for the DHT.
 */
export const isOwnNetwork = ({ preset, bootstrap, announce = [] }: TransportOptions): boolean =>
  preset === 'local' ||
  [...bootstrap, ...announce].every(text => {
    const address = parseMultiaddr(text)
    return address !== undefined && !isPublic(address)
  })
