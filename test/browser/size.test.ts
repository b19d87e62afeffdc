import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

const dist = join(import.meta.dirname, '../../web-console/dist')
/** Bytes, gzipped, of all scripts that the first page needs before it can draw anything. */
const mostBytes = 300_000

describe('the scripts that the console begins with', () => {
  it('are small, and none stands within the document', async () => {
    const document = await readFile(join(dist, 'index.html'), 'utf8')
    const scripts = [...document.matchAll(/<(?:script|link)\b[^>]*(?:src|href)="(\/assets\/[^"]+\.js)"/g)]
    const names = scripts.flatMap(([, name]) => (name === undefined ? [] : [name]))
    assert.ok(names.length > 0)
    let bytes = 0
    for (const name of names) {
      const path = join(dist, name)
      // What is too small to be worth compressing is sent as it is.
      bytes += (await stat(`${path}.gz`).catch(() => stat(path))).size
    }
    console.log(`      measured: first scripts: ${Math.round(bytes / 1000)} kB gzipped in ${names.length} files`)
    assert.ok(bytes < mostBytes, `${bytes} bytes in ${names.join(' ')}`)
    assert.doesNotMatch(document, /<script(?![^>]*\bsrc=)|<style|\son\w+=|style="/)
  })
})
