import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createArchive } from '../../../../node/payouts/receipts/archive.ts'
import { openTables } from '../../../../node/payouts/receipts/tables.ts'
import { silentLog } from '../../../../node/runtime/index.ts'
import { openStore } from '../../../../node/store/index.ts'
import { keccak } from '../../../../protocol/primitives/index.ts'
import { openUnder, scratch } from '../../../harness/index.ts'
import { fillArchive } from './generate.ts'

describe('archived receipts', () => {
  it('that are read while the node stops are read, and leave no file open', async function () {
    if (process.platform !== 'linux') this.skip() // what is open is read from /proc
    const folder = await scratch('archive')
    const store = await openStore(join(folder, 'db'))
    try {
      await fillArchive(store, join(folder, 'receipts'), { pool: keccak('metals'), epochs: 1, perEpoch: 5 })
      const tables = openTables(store)
      const archive = createArchive(join(folder, 'receipts'), tables, silentLog)
      await archive.start()
      for await (const [key, number] of tables.archived.entries()) {
        const during = archive.get(number, key)
        await archive.stop()
        assert.ok((await during) !== undefined && (await archive.get(number, key)) !== undefined)
        assert.deepEqual(await openUnder(join(folder, 'receipts')), [])
      }
    } finally {
      await store.close()
    }
  })
})
