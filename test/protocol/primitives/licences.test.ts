import assert from 'node:assert/strict'
import { forbidsChange, licenceOfAll, licenceText, licenceWarnings } from '../../../protocol/primitives/index.ts'

const of = (licence: string | null) => [{ name: 'The data of birds', licence }]
const told = (licence: string, theirs: string | null): string => licenceWarnings(licence, of(theirs)).join(' ')

describe('the licence of a model', () => {
  it('is an SPDX identifier, an expression of them, or a name of one\u2019s own, and no other text', () => {
    for (const good of ['CC-BY-4.0', 'Apache-2.0', 'MIT OR Apache-2.0', '(GPL-3.0-or-later)', 'LicenseRef-birds'])
      assert.ok(licenceText.safeParse(good).success, good)
    for (const bad of ['', ' MIT', '<b>MIT</b>', 'MIT\n', 'MIT\u202e', 'x'.repeat(101), 'https://example.org/licence'])
      assert.ok(!licenceText.safeParse(bad).success, bad)
  })

  it('is told nothing about what allows it, however it is spelt', () => {
    for (const theirs of ['CC0-1.0', 'CC-BY-4.0', 'cc-by-4.0', 'Apache-2.0', 'MIT', 'BSD-3-Clause', 'ODC-By-1.0'])
      assert.equal(told('CC-BY-4.0', theirs), '', theirs)
    assert.equal(told('CC-BY-SA-4.0', 'cc-by-sa-4.0'), '')
    assert.equal(told('LicenseRef-birds', 'LicenseRef-birds'), '')
  })

  it('is warned of what is plainly at odds: no pay, no change, the same terms, and what nobody knows', () => {
    assert.match(told('CC-BY-4.0', 'CC-BY-NC-4.0'), /forbids use for pay/)
    assert.match(told('CC-BY-NC-SA-4.0', 'CC-BY-NC-SA-4.0'), /forbids use for pay/)
    assert.match(told('CC-BY-4.0', 'CC-BY-ND-4.0'), /nothing made from it to be shared/)
    for (const theirs of ['CC-BY-SA-4.0', 'GPL-3.0-only', 'ODbL-1.0']) {
      assert.match(told('CC-BY-4.0', theirs), /shared under the same/, theirs)
      assert.match(told('CC-BY-4.0', theirs), new RegExp(`The data of birds stands under ${theirs}`))
    }
    assert.match(told('CC-BY-4.0', 'Seed licence 3'), /not known here: read/)
    assert.match(told('CC-BY-4.0', null), /No licence is known of The data of birds/)
  })

  it('of rows under many of them names all, up to a length, and says that there are more', () => {
    assert.equal(licenceOfAll(['MIT', 'MIT']), 'MIT')
    assert.equal(licenceOfAll(['MIT', 'CC0-1.0 OR MIT', 'MIT']), 'MIT AND (CC0-1.0 OR MIT)')
    const many = licenceOfAll(Array.from({ length: 256 }, (_, i) => `LicenseRef-${i}-${'x'.repeat(80)}`))
    assert.ok(many.length < 1100, `${many.length}`)
    assert.match(many, /^LicenseRef-0-x+ AND .* AND LicenseRef-further-ones-see-its-rules$/)
  })

  it('is warned of each of several that its data stand under', () => {
    const all = told('CC-BY-4.0', 'CC0-1.0 AND (GPL-3.0-only OR Seed-3) AND CC-BY-NC-4.0')
    assert.match(all, /under GPL-3.0-only, which asks that/)
    assert.match(all, /under Seed-3, which is not known/)
    assert.match(all, /under CC-BY-NC-4.0, which forbids use for pay/)
    assert.ok(!all.includes('CC0'))
    assert.match(told('CC-BY-4.0', 'CC-BY-ND-4.0 AND MIT'), /nothing made from it to be shared/)
    assert.ok(forbidsChange('MIT AND CC-BY-ND-4.0') && forbidsChange('CC-BY-ND-4.0 AND MIT'))
    assert.equal(told('CC-BY-SA-4.0', 'MIT AND CC-BY-SA-4.0'), '')
    assert.equal(told('MIT AND CC-BY-SA-4.0', 'CC-BY-SA-4.0'), '')
    assert.match(told('MIT OR CC-BY-SA-4.0', 'CC-BY-SA-4.0'), /shared under the same/)
  })
})
