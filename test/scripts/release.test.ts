import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { sectionOf } from '../../scripts/release/changelog.ts'
import { allowedLicences, isAllowed } from '../../scripts/release/licences.ts'
import { faultsOf, sbomOf } from '../../scripts/release/sbom.ts'
import type { Lock, Product } from '../../scripts/release/sbom.ts'

const root = join(import.meta.dirname, '../..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const product = JSON.parse(read('package.json')) as Product & { dependencies: Record<string, string> }
const lock = JSON.parse(read('package-lock.json')) as Lock

describe('what a release is made of', () => {
  it('may be shipped, part by part, and is listed with version, hash and licence', () => {
    const sbom = sbomOf(lock, product)
    assert.deepEqual(faultsOf(sbom), [])
    assert.deepEqual(sbomOf(lock, product), sbom, 'the same lockfile gives the same list')
    const names = new Set(sbom.components.filter(({ scope }) => scope === 'required').map(({ name }) => name))
    for (const name of Object.keys(product.dependencies)) assert.ok(names.has(name), name)
    assert.ok(names.has('seedling'), 'what is no package, too')
    const refs = sbom.components.map(one => one['bom-ref'])
    assert.equal(new Set(refs).size, refs.length)
    for (const { type, name, scope, hashes, purl } of sbom.components) {
      if (type !== 'library') continue
      assert.match(purl ?? '', /^pkg:npm\/\S+@\S+$/, name)
      // A build for another system that the registry does not have is in no installation.
      if (scope !== 'optional' || hashes !== undefined)
        assert.match(hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, name)
    }
    assert.match(sbom.serialNumber, /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })

  it('is refused where a licence gives no way to ship it, or is not known', () => {
    const wrong = {
      'node_modules/a': { version: '1.0.0', license: 'GPL-3.0-only' },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/c': { version: '1.0.0', license: 'Proprietary' }
    }
    const found = faultsOf(sbomOf({ packages: { ...lock.packages, ...wrong } }, product))
    assert.deepEqual(found, ['a 1.0.0: GPL-3.0-only', 'b 1.0.0: NONE', 'c 1.0.0: Proprietary'])
  })

  it('is judged by whole expressions: of an OR one way is enough, of an AND all are needed', () => {
    type Expression = { text: string; allowed: boolean }
    const leaf = fc.constantFrom('MIT', 'ISC', 'GPL-2.0', 'BUSL-1.1').map(text => ({
      text,
      allowed: allowedLicences.has(text)
    }))
    const { tree } = fc.letrec<{ tree: Expression; node: Expression }>(tie => ({
      tree: fc.oneof({ maxDepth: 4 }, leaf, tie('node')),
      node: fc.tuple(tie('tree'), fc.constantFrom('AND', 'OR'), tie('tree')).map(([a, word, b]) => ({
        text: `(${a.text} ${word} ${b.text})`,
        allowed: word === 'AND' ? a.allowed && b.allowed : a.allowed || b.allowed
      }))
    }))
    fc.assert(fc.property(tree, ({ text, allowed }) => assert.equal(isAllowed(text), allowed)))
    assert.ok(isAllowed('GPL-2.0 AND GPL-2.0 OR MIT'))
    for (const text of ['', '(MIT', 'MIT)', 'MIT OR', 'MIT ISC', 'MIT WITH Classpath-exception-2.0', 'MIT+'])
      assert.ok(!isAllowed(text), text)
  })

  it('is told in the changelog, under its version', () => {
    assert.ok(sectionOf(read('CHANGELOG.md'), product.version))
    const text = '# Changes\n\n## 1.2.0 (today)\n\n- new\n\n## 1.1.0\n\n## 1.0.0\n- old\n'
    assert.equal(sectionOf(text, '1.2.0'), '- new')
    assert.equal(sectionOf(text, '1.1.0'), undefined, 'an empty one says nothing')
    assert.equal(sectionOf(text, '1.0.0'), '- old')
    assert.equal(sectionOf(text, '1.2'), undefined)
  })
})
