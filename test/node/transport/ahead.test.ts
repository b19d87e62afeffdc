import assert from 'node:assert/strict'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { readAhead } from '../../../node/transport/files/ahead.ts'
import { until } from '../../harness/index.ts'

describe('reading ahead in a folder', () => {
  it('asks for the first blocks of its entries together, so many at once, and for none when it is left', async () => {
    const entries = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => CID.createV1(raw.code, await sha256.digest(Uint8Array.of(i))))
    )
    const links = entries.map((Hash, i) => ({ Name: String(i).padStart(2, '0'), Tsize: 1, Hash }))
    const folder = dagPb.encode({ Links: links })
    const root = CID.createV1(dagPb.code, await sha256.digest(folder))
    const asked = new Set<string>()
    let ended = 0
    const ahead = await readAhead(
      {
        async *get(cid, options) {
          if (cid.equals(root)) return yield folder
          asked.add(cid.toString())
          // Nobody has it: whoever waits, waits until it is told to stop.
          await new Promise(resolve => options?.signal?.addEventListener('abort', resolve))
          ended++
          throw new Error('nobody had it')
        },
        put: async cid => cid,
        has: async () => false
      },
      root,
      AbortSignal.timeout(60_000)
    )
    await until(() => asked.size === 16, 'all of them are asked for')
    assert.deepEqual([...asked], entries.slice(0, 16).map(String))
    ahead.end()
    await until(() => ended === 16, 'all of them are over')
    assert.equal(asked.size, 16)
  })
})
