import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { createTransport } from '../../node/transport/index.ts'
import type { Transport, TransportDeps, TransportOptions } from '../../node/transport/index.ts'
import { scratch } from './folder.ts'

// Real nodes for tests: libp2p over TCP on this machine, folders that go when they stop.

const running = new Set<TestNode>()

export interface TestNode extends Transport {
  readonly directory: string
  readonly privateKey: Uint8Array
}

/** Starts a node that joins by the given ones. */
export async function startNode(
  { join: others = [], ...options }: Partial<TransportOptions> & { join?: readonly Transport[] } = {},
  deps: TransportDeps = {}
): Promise<TestNode> {
  const directory = options.directory ?? (await scratch('node'))
  const privateKey = options.privateKey ?? Uint8Array.from(randomBytes(32))
  const transport = await createTransport(
    {
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: others.flatMap(other => other.peers.listening()),
      preset: 'local',
      ...options,
      directory,
      privateKey
    },
    deps
  )
  const node: TestNode = {
    ...transport,
    directory,
    privateKey,
    stop: async () => {
      running.delete(node)
      await transport.stop()
    }
  }
  running.add(node)
  return node
}

/** Stops what still runs and removes the folders. */
export async function stopNodes(): Promise<void> {
  for (const node of running) {
    await node.stop()
    await rm(node.directory, { recursive: true, force: true })
  }
}
