import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../web-console')

describe('styles', () => {
  it('belong to one file each: those of a page that was left stay, and would change the next one', async () => {
    const owners = new Map<string, Set<string>>()
    for (const file of await readdir(root, { recursive: true })) {
      if (!file.endsWith('.css') || file.startsWith('dist')) continue
      const text = (await readFile(join(root, file), 'utf8')).replaceAll(/\/\*[\s\S]*?\*\//g, '')
      for (const [, selectors = ''] of text.matchAll(/([^{}]+)\{/g))
        for (const selector of selectors.split(',').map(one => one.trim()))
          if (/^\.[a-z][\w-]*$/.test(selector)) owners.set(selector, (owners.get(selector) ?? new Set()).add(file))
    }
    assert.ok(owners.size > 300)
    const shared = [...owners].filter(([, files]) => files.size > 1).map(([name, files]) => [name, ...files])
    assert.deepEqual(shared, [])
  })
})
