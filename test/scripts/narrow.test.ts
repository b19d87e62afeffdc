import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { runInNewContext } from 'node:vm'
import { narrowed } from '../../scripts/narrow.ts'

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** Of a number up to fifteen, or up to 511 by two digits. */
const vlq = (value: number): string => {
  const bits = value << 1
  return bits < 32 ? (digits[bits] ?? '') : `${digits[(bits & 31) | 32]}${digits[bits >> 5]}`
}

describe('a program in one byte for each character', () => {
  it('is the same program: strings, templates, regular expressions and names', () => {
    const code = [
      'const π = "3…14", text = `a—${π}·🎈`, latin = "é";',
      'const found = ["🎈x".replace(/[🎈]/u, "1"), "x…y".replace(/…/, ""), /^[а-я]$/.test("п")];',
      '[π, text, latin, found, "\\\\".length, "\ufeff".length]'
    ].join('\n')
    const narrow = narrowed(code, undefined) ?? ''
    assert.match(narrow, /^\p{ASCII}*$/u)
    assert.equal(JSON.stringify(runInNewContext(narrow)), JSON.stringify(runInNewContext(code)))
    assert.equal(narrowed('const plain = "e"', undefined), undefined)
  })

  it('is found again in its sources by the map', () => {
    const code = 'f("…");g("🎈");h()\ni("plain");j()'
    const columns = [0, 7, 15]
    const first = columns.map((column, i) => `${vlq(column - (columns[i - 1] ?? 0))}AA${vlq(i === 0 ? 0 : 10)}`)
    const map = { version: 3, sources: ['a.ts'], names: [], mappings: `${first.join(',')};AACA,UAAU` }
    const narrow = narrowed(code, map) ?? ''
    assert.equal(narrow, 'f("\\u2026");g("\\ud83c\\udf88");h()\ni("plain");j()')
    const made = new SourceMap(map as never)
    const at = (line: number, text: string) =>
      made.findEntry(line, narrow.split('\n')[line]?.indexOf(text) ?? -1) as { originalColumn: number }
    assert.deepEqual(
      ['f(', 'g(', 'h('].map(text => at(0, text).originalColumn),
      [0, 10, 20]
    )
    assert.ok(narrow.split('\n')[0]?.indexOf('h(') !== columns[2], 'it has moved')
    assert.equal(at(1, 'j(').originalColumn, 30)
  })

  it('is none where an escape would be read otherwise', () => {
    assert.throws(() => narrowed('String.raw`…`', undefined), /template with a tag/)
    assert.throws(() => narrowed('f`a${`…`}…`', undefined), /template with a tag/)
    assert.equal(narrowed('f`a${`…`}`', undefined), 'f`a${`\\u2026`}`')
    assert.throws(() => narrowed('"\\…"', undefined), /backslash/)
    assert.equal(narrowed('"\\\\…"', undefined), '"\\\\\\u2026"')
  })
})
