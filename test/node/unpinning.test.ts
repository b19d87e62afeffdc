import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { base58btc } from 'multiformats/bases/base58'
import { z } from 'zod'
import { createUnpinning } from '../../node/unpinning.ts'
import { openStore } from '../../node/store/index.ts'
import type { Store } from '../../node/store/index.ts'
import { parseCid } from '../../node/transport/index.ts'
import { captureLog, scratch, startNode, stopNodes } from '../harness/index.ts'
import type { TestNode } from '../harness/index.ts'

// What an earlier version pinned without a note of why. Nothing is told of which table or document means what: whatever
// names a file keeps it.

const most = 8
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const numbers = fc.uniqueArray(fc.nat(most - 1), { maxLength: 3 })
/** Documents, each with those before it that it names, or that it comes after; and those that tables name, and how. */
const world = fc.record({
  names: fc.array(fc.record({ names: numbers, previous: fc.option(fc.nat(most - 1)) }), {
    minLength: most,
    maxLength: most
  }),
  tables: numbers,
  spelt: fc.constantFrom('value' as const, 'key' as const, 'other base' as const),
  asked: fc.option(fc.nat(most - 1)),
  added: numbers
})

describe('what an earlier version kept', function () {
  this.timeout(240_000)
  let node: TestNode
  let count = 0
  before(async () => {
    node = await startNode()
  })
  after(stopNodes)

  const unpinned = (store: Store, caughtUp: () => Promise<void> = () => Promise.resolve()) => {
    const { log, lines } = captureLog()
    const clock = { sleep: () => Promise.resolve() }
    return { ...createUnpinning({ store, files: node.files, caughtUp, clock, log, afterMs: 0 }), lines }
  }

  it('is let go where nothing refers to it, and never what anything kept refers to', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ names, tables, spelt, asked, added }) => {
        const run = ++count
        const cids: string[] = []
        const before = (of: readonly number[]): number[] => of.filter(n => n < cids.length)
        const refers: number[][] = []
        for (const [n, { names: of, previous }] of names.entries()) {
          const last = previous !== null && previous < n ? { previous: cids[previous] } : {}
          refers.push(before(of))
          cids.push(
            await node.files.addBytes(bytesOf({ run, n, of: before(of).map(i => ({ cid: cids[i] })), ...last }))
          )
        }
        const store = await openStore(join(await scratch('unpinning'), 'store'))
        const table = store.collection('some/table', z.unknown())
        for (const n of tables) {
          const cid = cids[n]!
          if (spelt === 'key') await table.put(`${cid}/reason`, true)
          else
            await table.put(String(n), {
              deep: [{ of: spelt === 'value' ? cid : parseCid(cid).toV1().toString(base58btc) }]
            })
        }
        let late: string | undefined
        const one = unpinned(store, async () => {
          // Meanwhile the services go on: one asks for an old file, one keeps a new one that names old ones.
          if (asked !== null) await node.files.fetchBytes(cids[asked]!, { maxBytes: 10_000 })
          late = await node.files.addBytes(bytesOf({ run, late: true, of: added.map(n => cids[n]) }))
          await table.put('late', late)
        })
        await one.start()
        while ((await store.collection('files/unpinned', z.literal(true)).get('done')) === undefined)
          await new Promise(resolve => {
            setTimeout(resolve, 1)
          })
        await one.stop()
        const kept = new Set(asked === null ? [] : [asked])
        const todo = [...tables, ...added]
        for (let n = todo.pop(); n !== undefined; n = todo.pop()) {
          if (kept.has(n) && n !== asked) continue
          kept.add(n)
          todo.push(...(refers[n] ?? []).filter(i => !kept.has(i)))
        }
        const here: number[] = []
        for (const [n, cid] of cids.entries()) if (await node.files.has(cid)) here.push(n)
        const wanted = [...kept].sort((a, b) => a - b)
        assert.deepEqual(here, wanted)
        assert.ok(await node.files.has(late!))
        // Once for each folder.
        const orphan = await node.files.addBytes(bytesOf({ run, orphan: true }))
        const again = unpinned(store)
        await again.start()
        await again.stop()
        assert.ok(await node.files.has(orphan))
        await node.files.unpin(orphan)
        for (const cid of [...cids, late!]) await node.files.unpin(cid)
        await store.close()
      }),
      { numRuns: 25 }
    )
  })

  it('stays where it cannot be known what a document refers to', async () => {
    const store = await openStore(join(await scratch('unpinning'), 'store'))
    const orphan = await node.files.addBytes(bytesOf({ nobody: 'names it' }))
    const one = unpinned(store, () => Promise.reject(new Error('the chain is away')))
    await one.start()
    while (one.lines.length === 0)
      await new Promise(resolve => {
        setTimeout(resolve, 1)
      })
    await one.stop()
    assert.ok(await node.files.has(orphan))
    await store.close()
  })
})
