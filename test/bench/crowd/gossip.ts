import { setTimeout as pause } from 'node:timers/promises'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Startable } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { z } from 'zod'
import { createMetrics, silentLog, systemClock } from '../../../node/runtime/index.ts'
import { createGossip } from '../../../node/transport/gossip/gossip.ts'
import { gossipService } from '../../../node/transport/gossip/service.ts'
import { libp2pKey } from '../../../node/transport/identity.ts'
import { createReputation } from '../../../node/transport/limits/reputation.ts'
import { transportCounts } from '../../../node/transport/metrics.ts'
import type { Gossip } from '../../../node/transport/types.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { createChance } from '../../simulation/chance.ts'
import { Socket, carried, link } from './links.ts'

export interface Heard {
  readonly nodes: number
  readonly links: number
  /** Of all messages at all nodes, those that arrived. */
  readonly delivered: number
  /** Of everything that a node sends for one message. */
  readonly bytesPerMessage: number
  /** Processor time for one message at one node, and for doing nothing for a second. */
  readonly microsPerMessage: number
  readonly microsIdle: number
  readonly secondsToAll: number
  readonly kilobytesPerNode: number
}

const topic = 'tilth/data/1'
const message = z.object({ n: z.int(), text: z.string() })
const messages = 20
const dials = 8
const idleMs = 5_000
const meshMs = 20_000
/** No message arrives anywhere for so long: those that are missing are lost. */
const lostMs = 15_000

/** What libp2p's class has beside its interface. */
type Whole = GossipSub & Startable & { getMeshPeers(topic: string): string[] }
interface Node {
  readonly gossip: Gossip
  readonly pubsub: Whole
  readonly socket: Socket
}
const micros = ({ user, system }: NodeJS.CpuUsage): number => user + system
const heap = (): number => {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** So many nodes' gossip in this process: the program's own rules over libp2p's gossipsub, on links without a wire. */
export async function hear(count: number): Promise<Heard> {
  const chance = createChance(count)
  const before = heap()
  const arrivals = new Map<number, number>()
  let last = performance.now()
  const nodes: Node[] = []
  for (let i = 0; i < count; i++) {
    const key = fromHex(keccak(`crowd ${i}`))
    const privateKey = libp2pKey(key)
    const socket = new Socket(peerIdFromPrivateKey(privateKey), privateKey)
    const reputation = createReputation(systemClock, () => undefined)
    const pubsub = gossipService('local', reputation)(socket.components()) as Whole
    await pubsub.start()
    const counts = transportCounts(createMetrics())
    const gossip = createGossip({ pubsub, key, reputation, clock: systemClock, log: silentLog, counts })
    gossip.subscribe(topic, message, ({ n }) => {
      arrivals.set(n, (arrivals.get(n) ?? 0) + 1)
      last = performance.now()
    })
    nodes.push({ gossip, pubsub, socket })
  }
  let links = 0
  for (const [i, { socket }] of nodes.entries())
    for (let n = 0; n < Math.min(dials, i); n++) {
      const other = nodes[chance.below(i)]
      if (other === undefined) continue
      link(socket, other.socket)
      links++
    }
  const formed = performance.now()
  const isMeshed = ({ pubsub }: Node): boolean => pubsub.getMeshPeers(topic).length >= Math.min(4, count - 1)
  // Whose neighbours have all they want stays with fewer, and hears the rest by what is said of messages.
  while (!nodes.every(isMeshed) && performance.now() - formed < meshMs) await pause(500)
  const kilobytesPerNode = (heap() - before) / count / 1024

  const idle = process.cpuUsage()
  await pause(idleMs)
  const perSecond = micros(process.cpuUsage(idle)) / (idleMs / 1000)

  const sent = { ...carried }
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  for (let n = 0; n < messages; n++) {
    await chance.pick(nodes).gossip.publish(topic, { n, text: 'x'.repeat(500) })
    await pause(50)
  }
  const all = messages * (count - 1)
  const arrived = (): number => [...arrivals.values()].reduce((sum, one) => sum + one, 0)
  last = performance.now()
  while (arrived() < all && performance.now() - last < lostMs) await pause(20)
  const secondsToAll = (last - began) / 1000
  const took = micros(process.cpuUsage(cpu)) - (perSecond * (performance.now() - began)) / 1000
  const bytes = carried.bytes - sent.bytes
  for (const { pubsub } of nodes) await pubsub.stop()
  return {
    nodes: count,
    links,
    delivered: arrived() / all,
    bytesPerMessage: bytes / messages / count,
    microsPerMessage: took / messages / count,
    microsIdle: perSecond / count,
    secondsToAll,
    kilobytesPerNode
  }
}
