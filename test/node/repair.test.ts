import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { repairFolder } from '../../node/repair.ts'
import { openStore, writeSegment } from '../../node/store/index.ts'
import { nodeTables } from '../../node/tables.ts'
import { scratch, startNode } from '../harness/index.ts'

const sources = join(import.meta.dirname, '../../node')

describe('doctor --repair', function () {
  this.timeout(60_000)

  it('knows every table that a part of the node opens', async () => {
    const known = nodeTables()
    const files = (await readdir(sources, { recursive: true })).filter(name => name.endsWith('.ts'))
    const opened = new Set<string>()
    for (const file of files) {
      const text = await readFile(join(sources, file), 'utf8')
      for (const [, name = ''] of text.matchAll(/\bcollection(?:<[^>]*>)?\('([a-z-]+\/[a-z-]+)'/g)) opened.add(name)
    }
    assert.ok(opened.size > 50)
    assert.deepEqual(
      [...opened].filter(name => !known.has(name)),
      []
    )
    assert.ok(known.has('chain/channels') && known.has('chain/cursor'))
  })

  it('names what is damaged, sets it aside, and has the chain read again', async () => {
    const folder = await scratch('repair')
    await mkdir(join(folder, 'payouts', 'receipts'), { recursive: true })
    const store = await openStore(join(folder, 'store'))
    const put = (table: string, key: string, value: unknown): Promise<void> =>
      store.collection(table, z.unknown()).put(key, value)
    await put('jobs/speeds', 'good', { charactersPerSecond: 3, measuredAt: 1 })
    await put('data/holdings', 'good/contribution', { bytes: 3 })
    await put('data/holdings', 'bad/contribution', { bytes: 'three' })
    await put('chain/cursor', 'at', { block: 'none' })
    await put('later/table', 'x', 1)
    await assert.rejects(repairFolder(folder), { code: 'store.locked', help: /Stop the other node/ })
    await store.close()

    const node = await startNode({ directory: join(folder, 'ipfs') })
    const cid = await node.files.addBytes(Buffer.from('a block of this node'))
    await node.stop()
    for (const entry of await readdir(join(folder, 'ipfs', 'blocks'), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) await writeFile(join(entry.parentPath, entry.name), 'another block')
    const archive = join(folder, 'payouts', 'receipts')
    await writeSegment(join(archive, 'whole.receipts'), [['a', '1']])
    await writeFile(join(archive, 'torn.receipts'), 'TilthSg1')
    await writeFile(join(folder, 'store', 'format'), '\u0000\u0000')

    const findings = new Map((await repairFolder(folder)).map(finding => [finding.part, finding]))
    const names = (part: 'database' | 'blocks' | 'receipts' | 'format'): string[] =>
      findings.get(part)!.damaged.map(({ name }) => name)
    assert.deepEqual(names('format'), ['store/format'])
    assert.deepEqual(names('database'), ['chain/cursor/at', 'data/holdings/bad/contribution'])
    assert.match(findings.get('database')!.note ?? '', /read again.*later\/table/)
    assert.deepEqual(names('receipts'), ['torn.receipts, now torn.receipts.damaged'])
    assert.equal(names('blocks').length, 1)
    assert.ok(cid.length > 0)

    // What was set aside is there for a person to look at, and a second look finds nothing.
    const again = await openStore(join(folder, 'store'))
    const aside: string[] = []
    for await (const key of again.collection('quarantine', z.unknown()).keys()) aside.push(key)
    assert.deepEqual(aside, ['chain/cursor/at', 'data/holdings/bad/contribution'])
    assert.deepEqual(await again.collection('jobs/speeds', z.unknown()).get('good'), {
      charactersPerSecond: 3,
      measuredAt: 1
    })
    await again.close()
    assert.ok((await repairFolder(folder)).every(({ damaged }) => damaged.length === 0))
  })
})
