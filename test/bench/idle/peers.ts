// Neighbours of a daemon that is measured: whole nodes, many in one process, which is not measured itself. Started by
// test/bench/idle.ts; a line on its input starts one more, and one with an address on its output says that it is up.
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createNode } from '../../../node/node.ts'
import type { Node, NodeOptions, NodeRole } from '../../../node/node.ts'
import { createMetrics, silentLog } from '../../../node/runtime/index.ts'

/** What the bench says, as JSON in the first argument. */
export interface PeersOptions {
  readonly folder: string
  readonly bootstrap: readonly string[]
  readonly chain: NodeOptions['chain']
}

const roles: readonly (readonly NodeRole[])[] = [
  ['client', 'settler'],
  ['validator'],
  ['host', 'builder'],
  ['worker', 'scorer']
]
const { folder, bootstrap, chain } = JSON.parse(process.argv[2] ?? '') as PeersOptions
const nodes: Node[] = []

for await (const _ of createInterface({ input: process.stdin })) {
  const directory = join(folder, `peer-${nodes.length}`)
  await mkdir(directory, { recursive: true })
  const node = await createNode(
    {
      directory,
      privateKey: Uint8Array.from(randomBytes(32)),
      roles: roles[nodes.length % roles.length] ?? [],
      preset: 'local',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap,
      chain,
      worker: {
        pricePerSecond: 1n,
        maxParameters: 1e9,
        maxRows: 1_000,
        maxSeconds: 3_600,
        inputPrice: 1n,
        outputPrice: 1n,
        threads: 1,
        provider: 'cpu',
        capacity: 4
      },
      autoVote: true
    },
    { log: silentLog, metrics: createMetrics() }
  )
  nodes.push(node)
  process.stdout.write(`${node.self}\n`)
}
await Promise.all(nodes.map(node => node.stop()))
process.exit()
