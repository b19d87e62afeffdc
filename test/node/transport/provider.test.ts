import assert from 'node:assert/strict'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { pause } from '../../harness/index.ts'
import { createProvider } from '../../../node/transport/peers/provider.ts'

describe('provider records', () => {
  it('that wait for peers are bounded: the newest are announced once there are peers', async () => {
    const announced: string[] = []
    let peers = 0
    let tick = async (): Promise<void> => undefined
    const libp2p = {
      getConnections: () => Array.from({ length: peers }),
      contentRouting: {
        provide: async (cid: CID) => {
          announced.push(cid.toString())
        }
      }
    } as unknown as Parameters<typeof createProvider>[0]
    const clock = {
      now: () => 0,
      every: (_ms: number, task: () => unknown) => {
        tick = async () => {
          await task()
        }
        return () => undefined
      }
    } as unknown as Parameters<typeof createProvider>[1]['clock']
    const provider = createProvider(libp2p, { clock, log: silentLog, maxOwed: 10 })
    const cids = Array.from({ length: 25 }, (_, i) => CID.createV1(0x55, identity.digest(Uint8Array.of(i))))
    for (const cid of cids) await provider.provide(cid)
    assert.deepEqual(announced, [])
    peers = 1
    await tick()
    assert.deepEqual(new Set(announced), new Set(cids.slice(-10).map(String)))
    await tick()
    assert.equal(announced.length, 10)
  })

  it('are announced two at a time, each once at a time, and ever more seldom where that fails', async () => {
    const clock = manualClock()
    const begun: string[] = []
    const over: ((error?: Error) => void)[] = []
    const libp2p = {
      getConnections: () => [1],
      contentRouting: {
        provide: (cid: CID) => {
          begun.push(cid.toString())
          return new Promise<void>((resolve, reject) => {
            over.push(error => {
              if (error === undefined) resolve()
              else reject(error)
            })
          })
        }
      }
    } as unknown as Parameters<typeof createProvider>[0]
    const provider = createProvider(libp2p, { clock, log: silentLog })
    const [a, b, c] = [1, 2, 3].map(i => CID.createV1(0x55, identity.digest(Uint8Array.of(i)))) as [CID, CID, CID]
    const all = [a, b, c, a].map(cid => provider.provide(cid))
    await clock.advance(10_000)
    assert.deepEqual(begun, [a, b].map(String))
    over[0]?.()
    over[1]?.(new Error('nobody is there'))
    await pause(1)
    assert.deepEqual(begun, [a, b, c].map(String))
    over[2]?.()
    await Promise.all(all)
    const again: number[] = []
    for (let seconds = 0; seconds < 60; seconds++) {
      const before = begun.length
      await clock.advance(1_000)
      if (begun.length === before) continue
      again.push(seconds)
      over.at(-1)?.(new Error('nobody is there'))
      await pause(1)
    }
    assert.equal(again.length, 4, `after ${again.join(', ')} s`)
    provider.stop()
    clock.end()
  })
})
