import type { Multiaddr } from '@multiformats/multiaddr'
import { hostOf, overWhat, portOf } from '../addresses.ts'
import type { ReachState } from '../types.ts'

/** What a node's owner is told about it, and what would mend it. */
export interface Situation {
  readonly state: ReachState
  readonly announced: readonly Multiaddr[]
  readonly listening: readonly Multiaddr[]
  /** IP addresses at which peers see this node. */
  readonly outside: readonly string[]
  /** Peers that tried. */
  readonly asked: number
  readonly upnp: boolean
}

const doors = (addresses: readonly Multiaddr[]): string =>
  [...new Set(addresses.map(address => `${overWhat(address)} ${portOf(address) ?? ''}`.trim()))].join(', ')

const asAnnounced = (host: string, listening: readonly Multiaddr[]): string => {
  const [first] = listening
  const port = first === undefined ? '4181' : (portOf(first) ?? '4181')
  return `--announce /${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`
}

/** The exact fix, if one is needed. */
export function helpFor({ state, announced, listening, outside, asked, upnp }: Situation): string | undefined {
  if (state === 'open' || state === 'local') return undefined
  if (state === 'unknown')
    return 'No peer has tried yet: nodes ask each other once they are connected; a first node is asked by the next one.'
  const through = state === 'relayed' ? ' Until then others come through a relay, which is slower and has limits.' : ''
  const tried = `${asked} peer${asked === 1 ? '' : 's'} tried`
  if (announced.length > 0) {
    const wrong = announced.map(address => address.toString()).join(', ')
    return (
      `The announced address ${wrong} leads nobody here (${tried}). Check that ${doors(announced)} is forwarded to ` +
      `${doors(listening)} of this machine, and that no firewall closes it.${through}`
    )
  }
  const host = outside[0]
  if (host === undefined)
    return `${doors(listening)} is not reachable from outside (${tried}). Forward it to this machine.${through}`
  const inner = listening.find(address => !/^(127\.|::1)/.test(hostOf(address) ?? ''))
  return (
    `${doors(listening)} is not reachable from outside at ${host} (${tried}). Forward it to this machine` +
    `${inner === undefined ? '' : ` (${hostOf(inner) ?? ''})`}; where another port or address leads here, start with ` +
    `${asAnnounced(host, listening)}${upnp ? '' : '; a home router may do it by itself with --upnp'}.${through}`
  )
}
