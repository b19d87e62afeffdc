import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixfs } from '@helia/unixfs'
import { LevelDatastore } from 'datastore-level'
import type { CID } from 'multiformats/cid'
import { LendingBlocks } from '../../../node/transport/blocks/lent.ts'
import { whole } from '../../../node/transport/blocks/pins.ts'
import { importFolder } from '../../../node/transport/files/import.ts'

describe('transport: blocks of folders that are lent', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tilth-lent-'))
  })
  after(() => rm(directory, { recursive: true, force: true }))

  it('are forgotten with the last folder that lends them: of what was taken back nothing is looked for', async () => {
    const notes = new LevelDatastore(join(directory, 'notes'))
    await notes.open()
    const blocks = new LendingBlocks(join(directory, 'blocks'), notes)
    await blocks.open()
    const fs = unixfs({ blockstore: blocks })
    const lend = async (name: string, files: Record<string, string>): Promise<CID> => {
      const folder = join(directory, name)
      await mkdir(folder)
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text)
      const root = (await importFolder(fs, folder))!
      const read = (cid: CID): Promise<Uint8Array> => whole(blocks.get(cid))
      await blocks.lend(root, folder, read, async () => false)
      return root
    }
    const first = await lend('first', { a: 'shared', b: 'of the first alone' })
    const second = await lend('second', { a: 'shared', c: 'of the second alone' })
    assert.deepEqual([await blocks.has(first), await blocks.has(second)], [true, true])
    await blocks.takeBack(first, async () => false)
    assert.deepEqual([await blocks.has(first), await blocks.has(second)], [false, true])
    assert.deepEqual(
      new TextDecoder().decode(await whole(fs.cat(second, { path: 'a' }))),
      'shared',
      'what both had the other still gives'
    )
    let looked = 0
    const queryKeys = notes.queryKeys.bind(notes)
    notes.queryKeys = (...asked) => {
      looked++
      return queryKeys(...asked)
    }
    assert.equal(await blocks.has(first), false)
    assert.equal(looked, 0)
    await notes.close()
  })
})
