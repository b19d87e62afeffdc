import { networkInterfaces } from 'node:os'
import type { StatusView } from '../api/contract/index.ts'
import type { Finding } from './finding.ts'
import { clockFault, clockHelp, reachText } from './reach.ts'

/** What a running daemon found out about being dialled, and about its clock. */
export function findingsOf({ reach, clock }: StatusView): Finding[] {
  const { summary, lines } = reachText(reach)
  const fault = clockFault(clock)
  return [
    {
      check: 'reachable',
      ok: reach.state === 'open' || reach.state === 'local',
      required: false,
      found: [summary, ...lines].join('\n  '),
      ...(reach.help === undefined ? {} : { help: reach.help })
    },
    {
      check: 'clock',
      ok: fault === undefined,
      required: false,
      found: fault ?? (clock.peers === 0 ? 'no peer has told the time yet' : `as ${clock.peers} peers have it`),
      help: clockHelp
    }
  ]
}

/** Without a daemon nobody can be asked: what the machine's own addresses say. */
export async function findingsAlone(): Promise<Finding[]> {
  const { multiaddr } = await import('@multiformats/multiaddr')
  const { isPublic } = await import('../../node/transport/public.ts')
  const own = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
  const open = own.filter(({ family, address }) =>
    isPublic(multiaddr(`/${family === 'IPv6' ? 'ip6' : 'ip4'}/${address}/tcp/1`))
  )
  const list = (of: typeof own): string => of.map(({ address }) => address).join(', ')
  const has = open.length > 0 ? `the public address ${list(open)}` : `private addresses only (${list(own) || 'none'})`
  return [
    {
      check: 'reachable',
      ok: false,
      required: false,
      found: `not asked: no daemon runs. This machine has ${has}`,
      help:
        open.length > 0
          ? 'Let no firewall close TCP 4181; a daemon asks its peers whether they can dial it.'
          : 'Forward TCP 4181 to this machine and start with --announce /ip4/<public address>/tcp/4181, or --upnp ' +
            'where the router does it by itself; else others reach it through a relay. A daemon finds out which.'
    },
    await nativeTransport('QUIC', () => import('@chainsafe/libp2p-quic'), '@chainsafe/libp2p-quic-*'),
    await nativeTransport('WebRTC', () => import('@libp2p/webrtc'), '@node-datachannel/*')
  ]
}

async function nativeTransport(name: string, load: () => Promise<unknown>, binaries: string): Promise<Finding> {
  const check = `listening by ${name}`
  try {
    await load()
    return { check, ok: true, required: false, found: 'can be asked for with --listen' }
  } catch (error) {
    return {
      check,
      ok: false,
      required: false,
      found: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      help: `Its binary comes with npm ci as ${binaries}, for the usual platforms; TCP and WebSocket need none.`
    }
  }
}
