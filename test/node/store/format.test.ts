import assert from 'node:assert/strict'
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { firstFormat, openStore, storeFormat } from '../../../node/store/index.ts'
import { captureLog, scratch } from '../../harness/index.ts'

const older = storeFormat - 1

describe('a data folder of another format', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await scratch('format')
  })

  /** A folder as the version before left it: what is made again, and what nobody could. */
  async function fill(): Promise<void> {
    const store = await openStore(directory)
    await store.collection('payouts/summaries', z.unknown()).put('a cid', { of: 'an older form' })
    await store.collection('models/receipts', z.string()).put('a receipt', 'what was earned')
    await store.close()
    await writeFile(join(directory, 'format'), `${older}\n`)
  }

  it('that is older is brought to this one, with a copy of it kept and everything else as it was', async () => {
    await fill()
    const { log, lines } = captureLog()
    const store = await openStore(directory, { log })
    assert.equal(await store.collection('payouts/summaries', z.unknown()).get('a cid'), undefined)
    assert.equal(await store.collection('models/receipts', z.string()).get('a receipt'), 'what was earned')
    await store.close()
    assert.equal(await readFile(join(directory, 'format'), 'utf8'), `${storeFormat}\n`)
    assert.equal(lines.filter(line => line.includes('brought to the format')).length, 1)
    // The copy is a database as the version before can read it.
    const copy = join(directory, `db-of-format-${older}`)
    const before = await scratch('format-before')
    await cp(copy, join(before, 'db'), { recursive: true })
    await writeFile(join(before, 'format'), `${storeFormat}\n`)
    const old = await openStore(before)
    assert.deepEqual(await old.collection('payouts/summaries', z.unknown()).get('a cid'), { of: 'an older form' })
    await old.close()
  })

  it('keeps its first copy when it was ended in the middle, and comes to the same end', async () => {
    await fill()
    await (await openStore(directory)).close()
    // As if it had been killed before the mark was written; half a copy of another try lies there as well.
    await writeFile(join(directory, 'format'), `${older}\n`)
    const kept = await readdir(join(directory, `db-of-format-${older}`))
    const store = await openStore(directory)
    assert.equal(await store.collection('models/receipts', z.string()).get('a receipt'), 'what was earned')
    await store.close()
    assert.deepEqual(await readdir(join(directory, `db-of-format-${older}`)), kept)
    assert.equal(await readFile(join(directory, 'format'), 'utf8'), `${storeFormat}\n`)
  })

  it('that has lost its mark is taken for the first there was: nothing is left as it had it', async () => {
    await fill()
    await rm(join(directory, 'format'))
    const store = await openStore(directory)
    assert.equal(await store.collection('payouts/summaries', z.unknown()).get('a cid'), undefined)
    assert.equal(await store.collection('models/receipts', z.string()).get('a receipt'), 'what was earned')
    await store.close()
    assert.equal(await readFile(join(directory, 'format'), 'utf8'), `${storeFormat}\n`)
    assert.ok((await readdir(directory)).includes(`db-of-format-${firstFormat}`))
  })

  it('that is newer, or none, is refused by its name and left as it is', async () => {
    await fill()
    for (const format of [String(storeFormat + 1), '0', 'x', '']) {
      await writeFile(join(directory, 'format'), format)
      await assert.rejects(openStore(directory), {
        code: 'store.version',
        message: new RegExp(`has format ${format === '' ? 'unknown' : format}, .* reads ${storeFormat}`)
      })
      assert.deepEqual((await readdir(directory)).sort(), ['db', 'format'])
    }
  })
})
