import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { hostOf } from './addresses.ts'

/** Whether the whole internet could use it: no private, loopback or documentation network, or a name. */
export const isPublic = (address: Multiaddr): boolean => hostOf(address) !== undefined && !isPrivate(address)
