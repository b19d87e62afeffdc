import { z } from 'zod'
import { syncReply } from '../../../node/data/exchange/sync.ts'
import { pause, startNode } from '../../harness/index.ts'
import type { TestDaemon } from '../../harness/index.ts'
import { quantiles } from '../series/series.ts'

/** How long a daemon keeps an honest peer and its own API's caller waiting. Milliseconds. */
export interface Latency {
  readonly peer: { readonly p50: number; readonly p99: number }
  readonly api: { readonly p50: number; readonly p99: number }
  /** Times that an honest peer had to ask again, because it was not answered. */
  readonly failed: number
}

/** An honest peer that asks about a Datanet ten times a second, and somebody who asks the API as often. */
export async function startAsking(daemon: TestDaemon, datanet: string) {
  const node = await startNode({ bootstrap: [...daemon.peer] })
  const peerId = daemon.peer[0]?.split('/p2p/')[1] ?? ''
  const protocol = '/tilth/data/sync/1'
  await node.peers.dial(daemon.peer[0] ?? '')

  async function forSeconds(seconds: number): Promise<Latency> {
    const [peer, api] = [[] as number[], [] as number[]]
    let failed = 0
    const end = performance.now() + seconds * 1000
    const asking = (async () => {
      while (performance.now() < end) {
        try {
          const stream = await node.streams.open(peerId, protocol)
          while (performance.now() < end) {
            const from = performance.now()
            await stream.send({ kind: 'contributions', datanet, marks: [[1, '']] })
            // What it knows of the first contribution, and that this was all.
            for (;;) {
              const answer = await stream.next(syncReply, { timeoutMs: 10_000 })
              if (answer === undefined || answer.kind === 'done') break
            }
            peer.push(performance.now() - from)
            await pause(100)
          }
          await stream.end()
        } catch {
          failed++
          await pause(500)
        }
      }
    })()
    const calling = (async () => {
      while (performance.now() < end) {
        const from = performance.now()
        const headers = { authorization: `Bearer ${daemon.token}` }
        const answer = await fetch(`${daemon.url}/api/datanets/${datanet}`, { headers })
        z.object({ id: z.string() }).parse(await answer.json())
        api.push(performance.now() - from)
        await pause(100)
      }
    })()
    await Promise.all([asking, calling])
    return { peer: quantiles(peer), api: quantiles(api), failed }
  }
  return { forSeconds, stop: () => node.stop() }
}
