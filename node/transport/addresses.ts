import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { InvalidError } from '../../protocol/primitives/index.ts'

// Addresses of the network: what they are made of, and which of them others can use.

/** A parsed multiaddr, or undefined for text that is none. */
export function parseMultiaddr(text: string): Multiaddr | undefined {
  if (!text.startsWith('/')) return undefined
  try {
    return multiaddr(text)
  } catch {
    return undefined // the caller answers for it: it has the name
  }
}

const part = (address: Multiaddr, ...names: string[]): string | undefined =>
  address.getComponents().find(({ name }) => names.includes(name))?.value

/** The IP address or name at its beginning. */
export const hostOf = (address: Multiaddr | undefined): string | undefined =>
  address === undefined ? undefined : part(address, 'ip4', 'ip6', 'dns4', 'dns6', 'dns', 'dnsaddr')

/**
 * The network that it is in, as far as one owner may have many addresses for the asking: 256 of IPv4, a site's of IPv6
 * (RFC 6177). A name, or the address of a relay, is a network of its own.
 */
export function rangeOf(address: Multiaddr): string {
  const host = hostOf(address) ?? ''
  const four = /^(?:::ffff:)?(\d+\.\d+\.\d+)\.\d+$/i.exec(host)?.[1]
  if (four !== undefined || !host.includes(':')) return four ?? host
  const [front = [], back = []] = host.split('::').map(part => part.split(':').filter(group => group !== ''))
  const between = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0')
  return [...front, ...between, ...back].slice(0, 3).join(':')
}

export const portOf = (address: Multiaddr): string | undefined => part(address, 'tcp', 'udp')

/** Whether it leads through a relay. */
export const isRelayed = (address: Multiaddr): boolean =>
  address.getComponents().some(({ name }) => name === 'p2p-circuit')

/** What it is spoken over, as people call it. */
export function overWhat(address: Multiaddr): string {
  const names = new Set(address.getComponents().map(({ name }) => name))
  if (names.has('p2p-circuit')) return 'a relay'
  if (names.has('ws') || names.has('wss')) return 'WebSocket'
  if (names.has('quic-v1')) return 'QUIC'
  if (names.has('webrtc-direct')) return 'WebRTC'
  return names.has('tcp') ? 'TCP' : 'UDP'
}

/** The same address without the PeerId at its end. */
export function withoutPeer(address: Multiaddr): Multiaddr {
  const components = address.getComponents()
  return components.at(-1)?.name === 'p2p' ? multiaddr(components.slice(0, -1)) : address
}

/** The same port and transport at another IP address. */
export function atHost(address: Multiaddr, host: string): Multiaddr {
  return multiaddr(
    address
      .getComponents()
      .map(component =>
        component.name === 'ip4' || component.name === 'ip6' ? { ...component, value: host } : component
      )
  )
}

const example = 'Write it as /ip4/203.0.113.7/tcp/4181 or /dns4/gpu.example.org/tcp/4181.'

/** Networks and names that are set aside for examples (RFC 5737, 3849 and 2606). */
const isDocumentation = (host: string): boolean =>
  /^(192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:db8:|(^|\.)example(\.(org|com|net))?$/i.test(host)

/**
 * [reject] What a node tells others is an address that others can dial.
 * @returns why not, in words, or undefined
 */
export function announceFault(text: string, { local = false }: { local?: boolean } = {}): string | undefined {
  const address = parseMultiaddr(text)
  if (address === undefined) return `"${text.slice(0, 80)}" is no multiaddr. ${example}`
  const host = hostOf(address)
  if (host === undefined || isRelayed(address))
    return `"${text.slice(0, 80)}" names no IP address or host of this node. ${example}`
  if (host === '0.0.0.0' || host === '::')
    return `${host} means every address of this machine and is none that others can dial: announce the one they see.`
  if (!local && (host.startsWith('127.') || host === '::1' || host === 'localhost'))
    return `${host} is this machine for everybody: announce the address that others see.`
  if (isDocumentation(host))
    return `${host} stands in documentation for an address of yours and leads nowhere: announce your own.`
  const port = portOf(address)
  if (port === undefined) return `"${text.slice(0, 80)}" has no port. ${example}`
  if (port === '0') return `port 0 means any port when listening, and none that others can dial. ${example}`
  return undefined
}

/** @throws InvalidError `network.announce` */
export function checkAnnounced(texts: readonly string[], self: string, local: boolean): void {
  for (const text of texts) {
    const fault = announceFault(text, { local })
    if (fault !== undefined) throw new InvalidError('network.announce', fault)
    const peer = parseMultiaddr(text)
      ?.getComponents()
      .findLast(({ name }) => name === 'p2p')?.value
    // [reject] An announced address is this node's own.
    if (peer !== undefined && peer !== self)
      throw new InvalidError('network.announce', `${text.slice(0, 120)} is the address of another node`, {
        help: `Leave its /p2p part out: this node is ${self}.`
      })
  }
}
