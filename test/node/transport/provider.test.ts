import assert from 'node:assert/strict'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { silentLog } from '../../../node/runtime/index.ts'
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
})
