// Some peers in one process, told what to do by messages of the process that started it.
import { z } from 'zod'
import { startNode } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import type { Answer, Order } from './house.ts'

const topic = 'tilth/data/1'
const message = z.object({ n: z.int(), at: z.number(), text: z.string() })
const text = 'x'.repeat(500)
const peers: TestNode[] = []
const took: number[] = []

const verbs: Record<Order['verb'], (given: never) => Promise<unknown>> = {
  async add(bootstrap: string[]) {
    const node = await startNode({ bootstrap })
    node.gossip.subscribe(topic, message, ({ at }) => void took.push(Date.now() - at))
    peers.push(node)
    return node.peers.listening()[0]
  },
  least: async () => Math.min(...peers.map(({ gossip }) => gossip.subscribers(topic).length)),
  links: async () => peers.reduce((sum, node) => sum + node.peers.connected().length, 0),
  say: async (n: number) => peers[n % peers.length]?.gossip.publish(topic, { n, at: Date.now(), text }),
  heard: async () => took
}

const answer = (sent: Answer): void => void process.send?.(sent)
process.on('message', ({ id, verb, given }: Order) => {
  verbs[verb](given as never).then(
    value => {
      answer({ id, value })
    },
    (error: unknown) => {
      answer({ id, error: String(error) })
    }
  )
})
process.on('disconnect', () => process.exit(0))
answer({ id: -1 })
