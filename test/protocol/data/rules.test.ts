import assert from 'node:assert/strict'
import { checkContribution, checkLicence, datanetRules } from '../../../protocol/data/index.ts'
import type { DatanetRules } from '../../../protocol/data/index.ts'
import { inputOf, rules } from './make.ts'

const bytes = (rows: readonly unknown[]): Uint8Array =>
  new TextEncoder().encode(rows.map(row => JSON.stringify(row)).join('\n'))
const turn = (role: string, content: string) => ({ role, content })
const plain = { prompt: 'What is lead?', response: 'A metal' }
const withSystem = {
  messages: [turn('system', 'Be brief.'), turn('user', 'What is zinc?'), turn('assistant', 'A metal too')]
}
const long = {
  messages: [
    turn('user', 'What is gold?'),
    turn('assistant', 'A metal'),
    turn('user', 'And its symbol?'),
    turn('assistant', 'Au, from the Latin aurum, which means shining dawn')
  ]
}

describe('data: what a Datanet takes', () => {
  const found = (changes: Partial<DatanetRules>): (string | undefined)[] =>
    checkContribution(
      inputOf('ann', bytes([plain, withSystem, long]), { rules: { ...rules, minOwnShare: 0, ...changes } })
    ).rows.map(row => (row.kind === 'invalid' ? row.code : row.kind))

  it('is any row, unless its rules name a kind or bounds; what is of another kind is named', () => {
    assert.deepEqual(found({}), ['own', 'own', 'own'])
    assert.deepEqual(found({ kind: 'qa' }), ['own', 'has-system', 'several-turns'])
    assert.deepEqual(found({ kind: 'qa', rows: { system: true } }), ['own', 'own', 'several-turns'])
    assert.deepEqual(found({ kind: 'text' }), ['own', 'own', 'several-turns'])
    assert.deepEqual(found({ kind: 'chat' }), ['own', 'own', 'own'])
    assert.deepEqual(found({ kind: 'chat', rows: { mostTurns: 1, system: false } }), [
      'own',
      'has-system',
      'several-turns'
    ])
    assert.deepEqual(found({ rows: { mostCharacters: 40 } }), ['own', 'own', 'row-too-long'])
  })

  it('is under a licence of the SPDX list, or one of its own that says so', () => {
    for (const licence of ['CC0-1.0', 'CC-BY-4.0', 'MIT OR Apache-2.0', 'LicenseRef-museum'])
      assert.doesNotThrow(() => {
        checkLicence(licence)
      })
    for (const licence of ['', 'free', 'CC0', 'My own', '<b>CC0-1.0</b>', 'MIT OR'])
      assert.throws(
        () => {
          checkLicence(licence)
        },
        { code: 'rules.licence' }
      )
    assert.throws(
      () => {
        checkLicence('cc by 4.0')
      },
      { help: 'Write CC-BY-4.0.' }
    )
  })

  it('names languages, kinds and limits that exist, and no others', () => {
    const read = (changes: object): boolean => datanetRules.safeParse({ ...rules, ...changes }).success
    const uploads = { epochBlocks: 100, rows: 10, bytes: 1_000, mostRows: 20, newcomerRows: 50 }
    assert.ok(read({ languages: ['en', 'pt-BR', 'zh-Hant-TW'], kind: 'qa', rows: { mostTurns: 3 }, uploads }))
    assert.ok(!read({ languages: ['english please'] }))
    assert.ok(!read({ kind: 'images' }))
    assert.ok(!read({ rows: { mostTurns: 0 } }))
    assert.ok(!read({ uploads: { ...uploads, rows: 0 } }))
    assert.ok(!read({ uploads: { ...uploads, more: 1 } }))
  })
})
