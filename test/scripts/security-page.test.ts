import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

describe('SECURITY.md', () => {
  it('names a test for each attack, and each of these is there', () => {
    const page = readFileSync(join(root, 'SECURITY.md'), 'utf8')
    const [, table = ''] = /## Attack, what stops it, and the test that shows it\n([^]*?)\n## /.exec(page) ?? []
    const rows = table.split('\n').filter(line => line.startsWith('| ') && !/^\| (attack|---)/.test(line))
    assert.ok(rows.length > 25)
    for (const row of rows) {
      const cited = [...row.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)]
      assert.ok(cited.length > 0, `no test stands beside: ${row}`)
      for (const [, file = '', words = ''] of cited) {
        assert.ok(existsSync(join(root, file)), file)
        assert.ok(readFileSync(join(root, file), 'utf8').includes(words), `${file} has no "${words}"`)
      }
    }
  })
})
