import { InvalidError } from '../../../protocol/primitives/index.ts'
import { defaultPorts } from '../../config/index.ts'
import type { NetworkFile } from '../../config/index.ts'
import { claimPort, freePort, isFree } from '../../ports.ts'
import { members } from './members.ts'

/** Rows of ports tried for the APIs: 4180 to 4185, 4200 to 4205, …; a real node of this machine may have the first. */
const rowStep = 20
const rows = 50

export const portOfUrl = (url: string | undefined): number => {
  if (url === undefined || !URL.canParse(url)) return 0
  return Number(new URL(url).port)
}

const allFree = async (ports: readonly number[]): Promise<boolean> => {
  for (const port of ports) if (port === 0 || !(await claimPort(port))) return false
  return true
}

/** [reject] A port that was named and that something else holds is told before anything is started. */
async function requireFreePort(port: number, flag: string): Promise<void> {
  if (port === 0 || (await isFree(port))) return
  throw new InvalidError('network.port', `port ${port} of 127.0.0.1 is in use`, {
    help: `Stop what holds it, choose another with ${flag}, or leave ${flag} away to take a free one.`
  })
}

async function apiPorts(named: number | undefined, before: readonly number[], count: number): Promise<number[]> {
  const row = (from: number): number[] => Array.from({ length: count }, (_, i) => from + i)
  if (named === 0) return row(0).map(() => 0)
  if (named !== undefined) {
    for (const port of row(named)) await requireFreePort(port, '--port-base')
    return row(named)
  }
  if (before.length === count && (await allFree(before))) return [...before]
  for (let i = 0; i < rows; i++) {
    const wanted = row(defaultPorts.api + i * rowStep)
    if (await allFree(wanted)) return wanted
  }
  return row(0).map(() => 0)
}

/**
 * Ports that were named, else those of before, else free ones.
 * @throws InvalidError `network.port` for a named one that is taken
 */
export async function choosePorts(
  { portBase, chainPort }: { portBase?: number | undefined; chainPort?: number | undefined },
  before: NetworkFile | undefined
): Promise<{ chain: number; api: number[] }> {
  if (chainPort !== undefined) await requireFreePort(chainPort, '--chain-port')
  const lastChain = portOfUrl(before?.chain.rpc)
  const apis = before?.daemons.map(({ api }) => portOfUrl(api)) ?? []
  return {
    chain: chainPort ?? (lastChain === 0 ? 0 : await freePort(lastChain)),
    api: await apiPorts(portBase, apis, before?.daemons.length ?? members.length)
  }
}
