import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { repairFolder } from '../../node/repair.ts'
import type { RepairPart } from '../../node/repair.ts'
import { silentLog, systemClock } from '../../node/runtime/index.ts'
import { createShelf } from '../../node/shelf/index.ts'
import { firstFormat, openStore, writeSegment } from '../../node/store/index.ts'
import { nodeTables } from '../../node/tables.ts'
import { scratch, startNode } from '../harness/index.ts'
import type { TestNode } from '../harness/index.ts'

const sources = join(import.meta.dirname, '../../node')

describe('doctor --repair', function () {
  this.timeout(60_000)

  it('knows every table that a part of the node opens', async () => {
    const known = nodeTables()
    const files = (await readdir(sources, { recursive: true })).filter(name => name.endsWith('.ts'))
    const opened = new Set<string>()
    for (const file of files) {
      const text = await readFile(join(sources, file), 'utf8')
      for (const [, name = ''] of text.matchAll(/\bcollection(?:<[^>]*>)?\('([a-z-]+(?:\/[a-z-]+)+)'/g))
        opened.add(name)
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
    await put('payouts/summaries', 'of an older version', { of: 'an older form' })
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
    await writeFile(join(folder, 'ipfs', 'peers', 'CURRENT'), 'nothing')
    await assert.rejects(startNode({ directory: join(folder, 'ipfs') }), { code: 'store.corrupt' })

    const findings = new Map((await repairFolder(folder)).map(finding => [finding.part, finding]))
    const names = (part: RepairPart): string[] => findings.get(part)!.damaged.map(({ name }) => name)
    assert.deepEqual(names('format'), ['store/format'])
    // Which version wrote the folder is not known any more, so all that a later one makes anew is made anew.
    assert.equal(await readFile(join(folder, 'store', 'format'), 'utf8'), `${firstFormat}\n`)
    assert.deepEqual(names('records'), ['ipfs/peers'])
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
    assert.equal(await again.collection('payouts/summaries', z.unknown()).get('of an older version'), undefined)
    await again.close()
    assert.ok((await repairFolder(folder)).every(({ damaged }) => damaged.length === 0))
    await rm(join(folder, 'store', 'format'))
    assert.deepEqual(
      (await repairFolder(folder)).flatMap(({ damaged }) => damaged.map(({ name }) => name)),
      ['store/format']
    )
  })

  it('hashes models and adapters: what was fetched is fetched again, what was made here is set aside', async () => {
    const root = await scratch('repair-shelf')
    const [mine, theirs] = [join(root, 'mine'), join(root, 'theirs')]
    const model = join(root, 'model')
    const weights = randomBytes(3_000_000)
    await mkdir(model)
    // Twice the same bytes: a block of one file may be another's, too.
    for (const name of ['model.safetensors', 'copy.safetensors']) await writeFile(join(model, name), weights)
    await writeFile(join(model, 'config.json'), '{"a":1}')
    const open = async (folder: string, other?: TestNode) => {
      const node = await startNode({
        directory: join(folder, 'ipfs'),
        ...(other === undefined ? {} : { join: [other] })
      })
      const { files } = node
      const shelf = createShelf({ files, folder: join(folder, 'shelf'), clock: systemClock, log: silentLog })
      await shelf.start()
      return { node, shelf, stop: async () => (await shelf.stop(), await node.stop()) }
    }
    const models = async (folder: string) => (await repairFolder(folder)).find(({ part }) => part === 'models')

    const author = await open(mine)
    const { cid } = await author.shelf.put(model, 'base')
    const take = { kind: 'base', from: [author.node.peers.self.address], cause: 'owner' } as const
    const reader = await open(theirs, author.node)
    await reader.shelf.take(cid, take)
    await reader.stop()
    assert.deepEqual((await models(theirs))?.damaged, [], 'what is whole is left alone')

    const held = join(theirs, 'shelf', cid, 'files')
    const turned = Buffer.from(weights)
    turned[2_900_000]! ^= 1
    await writeFile(join(held, 'model.safetensors'), turned)
    await writeFile(join(held, 'chat_template.jinja'), 'nobody gave this')
    const found = await models(theirs)
    assert.equal(found?.checked, 1)
    assert.match(
      found.damaged[0]?.why ?? '',
      /^chat_template.jinja, model.safetensors not as it was; fetched: thrown away/
    )
    assert.equal(existsSync(held), false)
    assert.deepEqual((await models(theirs))?.damaged, [])

    const again = await open(theirs, author.node)
    const { folder } = await again.shelf.take(cid, take)
    assert.ok(weights.equals(await readFile(join(folder, 'model.safetensors'))), 'and others give it again')
    assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'copy.safetensors', 'model.safetensors'])
    await again.stop()
    await author.stop()

    await writeFile(join(mine, 'shelf', cid, 'note.json'), '{"ki')
    assert.deepEqual(
      (await models(mine))?.damaged.map(({ name }) => name),
      [`${cid}/note.json`]
    )
    assert.deepEqual((await models(mine))?.damaged, [])
    await writeFile(join(mine, 'shelf', cid, 'files', 'config.json'), '{"a":2}')
    assert.match((await models(mine))?.damaged[0]?.why ?? '', /^config.json not as it was; made here: set aside as /)
    assert.equal(await readFile(join(mine, 'damaged', cid, 'files', 'config.json'), 'utf8'), '{"a":2}')
  })
})
