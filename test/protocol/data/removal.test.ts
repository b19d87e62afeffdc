import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import {
  checkTakeDown,
  checkWithdrawal,
  groundsHash,
  noRemoval,
  removedBy,
  spokenAgainst,
  withdrawn
} from '../../../protocol/data/index.ts'
import type { Grounds, RemovalRecord, TakeDownWord } from '../../../protocol/data/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'

const network = { chainId: 31337, registry: addressOfKey(fromHex(keccak('registry'))) }
const keys = Array.from({ length: 7 }, (_, i) => fromHex(keccak(`validator ${i}`)))
const roster = keys.map(key => ({ address: addressOfKey(key), weight: 1 }))
const author = fromHex(keccak('author'))
const contribution = keccak('a contribution')
const grounds: Grounds = { code: 'unlawful', text: 'a court says so', nonce: keccak('nonce') }

const wordOf = (key: Uint8Array, number = 1, why = grounds): TakeDownWord => ({
  statement: signStatement(
    network,
    'TakeDown',
    { contribution, validator: addressOfKey(key), roster: number, grounds: groundsHash(why) },
    key
  ),
  grounds: why
})
const words = keys.map(key => wordOf(key))
const withdrawal = signStatement(network, 'Withdrawal', { contribution, contributor: addressOfKey(author) }, author)
const hear = (record: RemovalRecord, word: TakeDownWord): RemovalRecord => spokenAgainst(record, word, roster) ?? record

describe('what was accepted leaves', () => {
  it('by over two thirds of a roster, in whatever order and how often its words are heard', () => {
    const order = fc.array(fc.nat({ max: keys.length }), { maxLength: 30 })
    fc.assert(
      fc.property(order, heard => {
        let record = noRemoval
        for (const at of heard) {
          const word = words[at]
          record =
            word === undefined ? (withdrawn(record, withdrawal, addressOfKey(author)) ?? record) : hear(record, word)
        }
        const said = new Set(heard.filter(at => at < keys.length)).size
        const expected =
          said * 3 > keys.length * 2 ? 'taken-down' : heard.includes(keys.length) ? 'withdrawn' : undefined
        assert.equal(removedBy(record), expected)
        assert.equal(record.words.length, said)
      })
    )
  })

  it('by one roster: words of two, neither of which is enough, are not added up', () => {
    const mixed = keys.map((key, i) => wordOf(key, i < 4 ? 1 : 2))
    assert.equal(removedBy(mixed.reduce(hear, noRemoval)), undefined)
  })

  it('by its contributor and nobody else, and by validators with the grounds that they signed', () => {
    const stranger = keys[0] ?? author
    checkWithdrawal(network, withdrawal)
    const forged = { ...withdrawal, signature: words[0]?.statement.signature ?? '0x' }
    assert.throws(() => checkWithdrawal(network, forged), { code: 'signature.mismatch' })
    const other = signStatement(network, 'Withdrawal', { contribution, contributor: addressOfKey(stranger) }, stranger)
    checkWithdrawal(network, other)
    assert.throws(() => withdrawn(noRemoval, other, addressOfKey(author)), { code: 'removal.not-author' })
    checkTakeDown(network, wordOf(stranger))
    const lied = { ...wordOf(stranger), grounds: { ...grounds, text: 'something else' } }
    assert.throws(() => checkTakeDown(network, lied), { code: 'removal.grounds' })
    assert.throws(() => spokenAgainst(noRemoval, wordOf(author), roster), { code: 'vote.not-validator' })
  })
})
