import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { hostOf, parseMultiaddr, portOf } from '../node/transport/addresses.ts'
import { TilthError } from '../protocol/primitives/index.ts'
import { defaultPorts, isAskable } from './config/index.ts'
import type { DaemonConfig } from './config/index.ts'

/** Ports tried for one that nobody named: 4181, 4191, 4201, …, so that a node comes back to the same ones. */
const step = 10
const tries = 50

/** Whether this process could listen there now. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else reject(error)
    })
    probe.listen(port, host, () => {
      probe.close(() => {
        resolve(true)
      })
    })
  })
}

/** How long a process may take from choosing a port to listening there. */
const claimedMs = 120_000
const mine = new Set<number>()

/**
 * Takes a free port for this process before it listens there: processes that start at the same moment see the same ones
 * free. What says so is a UDP socket of that number, which one process at a time can have, and which ends with it.
 */
export async function claimPort(port: number, host?: string): Promise<boolean> {
  if (!(await isFree(port, host))) return false
  if (mine.has(port)) return true
  const claim = createSocket('udp4')
  return new Promise(resolve => {
    claim.once('error', () => {
      claim.close()
      resolve(false)
    })
    claim.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      claim.unref()
      mine.add(port)
      setTimeout(() => {
        mine.delete(port)
        claim.close()
      }, claimedMs).unref()
      resolve(true)
    })
  })
}

/** `from` or the next one of its row that nothing holds or is about to. 0, which means any, if all are taken. */
export async function freePort(from: number, host?: string): Promise<number> {
  for (let i = 0; i < tries; i++) {
    const port = from + i * step
    if (isAskable(port) && (await claimPort(port, host))) return port
  }
  return 0
}

/** [fatal] A port that its owner named is told if something holds it: others may know the node by it. */
async function requireListenable(listen: readonly string[]): Promise<void> {
  for (const text of listen) {
    const address = parseMultiaddr(text)
    if (address === undefined || !address.getComponents().some(({ name }) => name === 'tcp')) continue
    const [host, port] = [hostOf(address), Number(portOf(address))]
    if (host === undefined || port === 0) continue
    // An address that is not this machine's is libp2p's to refuse.
    if (await isFree(port, host).catch(() => true)) continue
    throw new TilthError('network.port', `TCP port ${port} of ${host} is in use, so ${text} cannot be listened on`, {
      help: 'Stop what holds it, name another port with --listen, or leave --listen away to take a free one.',
      consequence: 'fatal'
    })
  }
}

/** Where a daemon listens and its API answers, with what its owner should know about it. */
export interface Ports {
  readonly listen: readonly string[]
  readonly api: number
  readonly notes: readonly string[]
}

/**
 * Ports that were named, or free ones.
 * @throws TilthError `network.port`, `api.port` for a named one that something else holds
 */
export async function choosePorts(
  config: Pick<DaemonConfig, 'listen'> & { readonly api: Pick<DaemonConfig['api'], 'host' | 'port'> }
): Promise<Ports> {
  const notes: string[] = []
  const avoid = async (wanted: number, host: string, what: string): Promise<number> => {
    const port = await freePort(wanted, host)
    if (port !== wanted) notes.push(`port ${wanted} is taken: ${what} ${port === 0 ? 'any free port' : port}`)
    return port
  }
  if (config.listen !== undefined) await requireListenable(config.listen)
  const listen = config.listen ?? [
    `/ip4/0.0.0.0/tcp/${await avoid(defaultPorts.listen, '0.0.0.0', 'this node listens on')}`
  ]
  const { port, host } = config.api
  if (port !== undefined && port !== 0 && !(await isFree(port, host)))
    throw new TilthError('api.port', `port ${port} of ${host} is in use`, {
      help: 'Stop what holds it, choose another with --api-port (0 takes any), or leave it away to take a free one.',
      consequence: 'fatal'
    })
  return { listen, api: port ?? (await avoid(defaultPorts.api, host, 'the API is on')), notes }
}
