import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { unixfs } from '@helia/unixfs'
import { LevelDatastore } from 'datastore-level'
import type { CID } from 'multiformats/cid'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { createCollector } from '../../../node/transport/blocks/collector.ts'
import { loadHelia } from '../../../node/transport/blocks/helia.ts'
import { LendingBlocks } from '../../../node/transport/blocks/lent.ts'
import { blocksBelow, createPins, whole } from '../../../node/transport/blocks/pins.ts'
import { startNode, stopNodes } from '../../harness/index.ts'

// Files are made of few letters in chunks of two, so that they share blocks, also with themselves.
const content = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 14 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), content, keep: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('pin' as const, 'unpin' as const, 'read' as const), at: fc.nat(7) })
  },
  { weight: 3, arbitrary: fc.constant({ do: 'collect' as const }) }
)

async function* inTwos(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) for (let at = 0; at < bytes.length; at += 2) yield bytes.subarray(at, at + 2)
}

async function openBlocks() {
  const directory = await mkdtemp(join(tmpdir(), 'tilth-blocks-'))
  const datastore = new LevelDatastore(join(directory, 'records'))
  await datastore.open()
  const blocks = new LendingBlocks(join(directory, 'blocks'), datastore)
  await blocks.open()
  const Helia = await loadHelia()
  const helia = new Helia({ name: 'tilth', version: '0.1.0', datastore, blockstore: blocks })
  const pins = createPins(helia, cid => whole(blocks.get(cid)), directory)
  const collector = createCollector(blocks, pins, { clock: systemClock, log: silentLog, grace: -60_000 })
  const fs = unixfs({ blockstore: blocks })
  const add = (text: string): Promise<CID> =>
    fs.addBytes(new TextEncoder().encode(text), { chunker: inTwos, rawLeaves: true, cidVersion: 1 })
  const read = async (cid: CID): Promise<string> => new TextDecoder().decode(await whole(fs.cat(cid)))
  const close = async (): Promise<void> => {
    await datastore.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { blocks, pins, collector, add, read, close }
}

describe('transport: blocks that nothing needs', function () {
  this.timeout(120_000)
  after(stopNodes)

  it('a collection never takes what anything kept refers to, whatever goes on, and takes all else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { maxLength: 8 }), async rounds => {
        const store = await openBlocks()
        const { pins, collector, add, read } = store
        const known: { cid: CID; text: string }[] = []
        const kept = new Map<string, { cid: CID; text: string }>()
        try {
          for (const round of rounds) {
            // All of a round at once: additions, pins, readings and collections in between one another.
            const pinning = new Set<string>()
            await Promise.all(
              round.map(async action => {
                if (action.do === 'collect') return void (await collector.collect())
                if (action.do === 'add')
                  return collector.holding(async () => {
                    const cid = await add(action.content)
                    const name = cid.toString()
                    assert.equal(await read(cid), action.content)
                    known.push({ cid, text: action.content })
                    if (!action.keep || pinning.has(name)) return
                    pinning.add(name)
                    await pins.add(cid)
                    kept.set(name, { cid, text: action.content })
                  })
                const one = known[action.at % Math.max(1, known.length)]
                const name = one?.cid.toString() ?? ''
                if (one === undefined || pinning.has(name)) return undefined
                if (action.do === 'read') {
                  if (kept.has(name)) assert.equal(await read(one.cid), one.text)
                  return undefined
                }
                pinning.add(name)
                if (action.do === 'unpin') {
                  kept.delete(name)
                  return pins.remove(one.cid)
                }
                return collector.holding(async () => {
                  // What was collected meanwhile is fetched again, here by adding it.
                  await add(one.text)
                  await pins.add(one.cid)
                  kept.set(name, one)
                })
              })
            )
            for (const { cid, text } of kept.values()) assert.equal(await read(cid), text)
          }
          await collector.collect()
          for (const { cid, text } of kept.values()) assert.equal(await read(cid), text)
          const left = new Set<string>()
          for await (const { cid } of store.blocks.stored()) left.add(Buffer.from(cid.multihash.bytes).toString('hex'))
          const needed = new Set<string>()
          for (const { cid } of kept.values())
            for await (const block of blocksBelow(cid, at => whole(store.blocks.get(at)), false))
              needed.add(Buffer.from(block[0].multihash.bytes).toString('hex'))
          assert.deepEqual([...left].sort(), [...needed].sort())
        } finally {
          await store.close()
        }
      }),
      { numRuns: 30 }
    )
  })

  it('a block that stands twice in one file is still there for the other file that wants it', async () => {
    const store = await openBlocks()
    const [twice, once] = [await store.add('aaaabb'), await store.add('aabbbb')]
    await store.pins.add(twice)
    await store.pins.add(once)
    await store.pins.remove(twice)
    await store.collector.collect()
    assert.equal(await store.read(once), 'aabbbb')
    await store.close()
  })

  it('whoever keeps the same at once as others keeps it, too', async () => {
    const store = await openBlocks()
    for (const length of [2, 4, 6, 8, 10]) {
      const root = await store.add('ab'.repeat(length))
      // One after the other by a few turns each: some begin before another's walk is done, and end after it.
      const keep = async (turns: number): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
        await store.pins.add(root)
      }
      await Promise.all(Array.from({ length: 40 }, (_, i) => keep(i)))
      assert.ok(await store.pins.has(root))
    }
    await store.close()
  })

  it('nothing is removed while it cannot be known what hangs on a pinned root', async () => {
    const store = await openBlocks()
    const root = await store.add('aabbabab')
    await store.pins.add(root)
    const loose = await store.add('bbbbbbaa')
    await store.blocks.remove(root)
    assert.equal(await store.collector.collect(), undefined)
    assert.equal(await store.read(loose), 'bbbbbbaa')
    await store.close()
  })

  it('a node gives up what was unpinned, and nothing that is pinned or fresh', async () => {
    const node = await startNode({}, { limits: { grace: -60_000 } })
    const [stays, goes] = await Promise.all(['stays', 'goes'].map(text => node.files.addBytes(Buffer.from(text))))
    assert.ok(stays !== undefined && goes !== undefined)
    await node.files.unpin(goes)
    assert.equal((await node.files.collect())?.removed, 1)
    assert.deepEqual([await node.files.has(stays), await node.files.has(goes)], [true, false])
    const patient = await startNode()
    await patient.files.unpin(await patient.files.addBytes(Buffer.from('fresh')))
    assert.equal((await patient.files.collect())?.removed, 0)
  })
})
