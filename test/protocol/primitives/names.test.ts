import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkName, checkNewName, nameSkeleton } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

const ada: Address = `0x${'aa'.repeat(20)}`
const bob: Address = `0x${'bb'.repeat(20)}`

describe('names of Datanets and models', () => {
  it('that look alike are one: case, hyphens, accents, widths, other scripts, invisible characters', () => {
    const alike = [
      ['garden-birds', 'Garden Birds'],
      ['garden-birds', 'gardenbirds'],
      ['garden-birds', 'garden_birds'],
      ['garden-birds', 'gаrden-birds'], // a Cyrillic a
      ['elements', 'еlеmеntѕ'], // Cyrillic e and s
      ['elements', 'e1ements'],
      ['model-0', 'model-O'],
      ['cafe', 'café'],
      ['elements', 'ｅｌｅｍｅｎｔｓ'],
      ['elements', 'ele\u200bments'],
      ['modern', 'modem'],
      ['alpha', 'αlphα'],
      ['elements', 'ᴇʟᴇᴍᴇɴᴛꜱ'],
      ['ELEMENTS', 'ꓰꓡꓰꓟꓰꓠꓔꓢ'], // Lisu
      ['wees', 'ᎳᎬᎬᏚ'], // Cherokee
      ['noun', 'ոօսո'], // Armenian
      ['elements', '℮lements'],
      ['Iris', 'lris']
    ]
    for (const [a, b] of alike) assert.equal(nameSkeleton(a ?? ''), nameSkeleton(b ?? ''), `${a} ${b}`)
  })

  it('that differ in a letter or digit are two', () => {
    for (const [a, b] of [
      ['elements', 'element'],
      ['elements-2', 'elements-3'],
      ['birds', 'words'],
      ['鳥', '魚']
    ])
      assert.notEqual(nameSkeleton(a ?? ''), nameSkeleton(b ?? ''), `${a} ${b}`)
  })

  it('are refused where nobody could read or type them, or they look like an id', () => {
    for (const name of [
      '',
      ' birds',
      'birds ',
      'bi\u200brds',
      'bi\nrds',
      '0x12ab',
      '0x12ab…cd',
      '12ab..cd',
      '7'.repeat(64),
      '---',
      '\u202ebirds'
    ])
      assert.throws(() => checkName(name), { code: 'name.invalid' }, JSON.stringify(name))
    for (const name of ['gаrden-birds', 'сlementѕ', 'αlphα'])
      assert.throws(() => checkName(name), { code: 'name.invalid', message: /mixes letters/ }, name)
    for (const name of ['birds', 'Garden birds', 'qwen-2.5-tuned', 'Vögel', '鳥', 'elements v2']) checkName(name)
    for (const name of ['β-carotene', 'птицы сада', 'birds и птицы', '鳥とbirds', 'Straße']) checkName(name)
  })

  it('are refused where taken; a builder says its own again to the letter, for the next version', () => {
    const taken = [{ name: 'Elements', owner: ada }]
    const named = (name: string, owner: Address, again = false): void => {
      checkNewName('model', { name, owner }, taken, { again })
    }
    assert.throws(() => named('elements', bob), {
      code: 'name.taken',
      message: /would be taken for the model Elements/
    })
    assert.throws(() => named('Elements', bob, true), {
      code: 'name.taken',
      message: /there is a model Elements already/
    })
    assert.throws(() => named('Elements', ada), { code: 'name.taken' })
    assert.throws(() => named('elements', ada, true), { code: 'name.taken', help: /Say Elements, to the letter/ })
    named('Elements', ada, true)
    named('elements-2', bob)
  })

  it('have one skeleton with or without what stands around them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), name => {
        assert.equal(nameSkeleton(`-${name} `), nameSkeleton(name))
      })
    )
  })
})
