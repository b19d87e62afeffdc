import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { routes } from '../../daemon/api/contract/index.ts'
import { apiPage } from '../../scripts/api-page.ts'

describe('docs/API.md', () => {
  it('says what the contract says', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/API.md'), 'utf8')
    assert.ok(page === apiPage(), 'it is not current: npm run docs:api')
    for (const { method, path, summary } of Object.values(routes)) {
      assert.ok(page.includes(`### ${method} ${path.replace(/:([a-z]+)/gi, '{$1}')}\n`), path)
      assert.ok(page.includes(summary), path)
    }
  })
})
