import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addressOfKey, sealingKey } from '../../../protocol/crypto/index.ts'
import {
  changedRules,
  checkLaterRules,
  isKeyOf,
  mixRules,
  openKey,
  openShard,
  readersFrom,
  saltOfKeys,
  sealShard,
  sealedKeys,
  sealedShardBytes,
  sealedShardOf
} from '../../../protocol/data/index.ts'
import type { DatanetRules } from '../../../protocol/data/index.ts'
import { keccak, fromHex, toHex } from '../../../protocol/primitives/index.ts'
import type { InvalidError } from '../../../protocol/primitives/index.ts'

const key = (name: string): Uint8Array => fromHex(keccak(name))
const account = (name: string) => addressOfKey(key(name))
const owner = { datanet: keccak('letters'), contributor: account('author') }
const reader = (name: string) => ({ account: account(name), key: sealingKey(key(name)) })
let drawn = 0
const random = (count: number): Uint8Array => fromHex(keccak(`drawn ${++drawn}`)).subarray(0, count)
const text = new TextEncoder().encode('{"prompt":"What is kept?","response":"This"}\n')

describe('a private shard', () => {
  it('opens with the keys that its readers were sealed, whatever is in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), rows => {
        const { file, sealed } = sealedShardOf(rows, owner, [reader('ada'), reader('ben')], random)
        assert.equal(file.length, rows.length + sealedShardBytes)
        for (const [at, name] of ['ada', 'ben'].entries()) {
          const content = openKey(key(name), sealed.keys[at]?.sealed ?? '0x', owner)
          assert.ok(content !== undefined && isKeyOf(content, file))
          assert.deepEqual(openShard(content, file, owner), rows)
        }
        assert.equal(openKey(key('eve'), sealed.keys[0]?.sealed ?? '0x', owner), undefined)
        // What it says of itself on the wire is what it is.
        assert.equal(saltOfKeys(sealedKeys.parse(JSON.parse(JSON.stringify(sealed)))), saltOfKeys(sealed))
      }),
      { numRuns: 20 }
    )
  })

  it('names one key: another is seen to be none, and what it opens to nothing was made so', () => {
    const content = random(32)
    const file = sealShard(content, random(24), text, owner)
    assert.equal(isKeyOf(random(32), file), false)
    const bent = Uint8Array.from(file)
    bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1
    assert.equal(isKeyOf(content, bent), true)
    assert.equal(openShard(content, bent, owner), undefined)
    for (const short of [0, 10, 32, 71]) assert.equal(openShard(content, file.subarray(0, short), owner), undefined)
  })

  it("opens as nobody else's, and in no other Datanet", () => {
    const { file, sealed } = sealedShardOf(text, owner, [reader('ada')], random)
    const content = openKey(key('ada'), sealed.keys[0]?.sealed ?? '0x', owner) ?? new Uint8Array()
    for (const other of [
      { ...owner, contributor: account('copier') },
      { ...owner, datanet: keccak('others') }
    ]) {
      assert.equal(openShard(content, file, other), undefined)
      assert.equal(openKey(key('ada'), sealed.keys[0]?.sealed ?? '0x', other), undefined)
    }
  })

  it('is sealed to nobody whose account is not its key’s, and not to too few', () => {
    const roster = ['ada', 'ben', 'cleo'].map(name => ({ address: account(name), weight: 1 }))
    const said = ['ada', 'ben', 'cleo'].map(name => ({ account: account(name), key: toHex(sealingKey(key(name))) }))
    assert.equal(readersFrom(said, roster).length, 3)
    const mallory = toHex(sealingKey(key('mallory')))
    assert.throws(() => readersFrom([...said.slice(1), { account: account('ada'), key: mallory }], roster), {
      code: 'keys.account'
    })
    const unknown = said.map((one, at) => (at > 0 ? { ...one, key: null } : one))
    const named = roster.filter(({ address }) => unknown.some(one => one.account === address && one.key === null))
    assert.throws(
      () => readersFrom(unknown, roster),
      (error: InvalidError) => {
        assert.equal(error.code, 'keys.readers')
        for (const { address } of named) assert.match(error.message, new RegExp(address))
        return named.length > 0
      }
    )
  })

  it('stays private, or open, for as long as there is the Datanet', () => {
    const { validators: _validators, ...before } = {
      name: 'letters',
      description: '',
      licence: 'CC0-1.0',
      maxRows: 10,
      maxBytes: 1000,
      uploadsPerContributor: 1,
      nearDuplicate: 500,
      minOwnShare: 500,
      validators: [{ address: account('ada'), weight: 1 }],
      heldOut: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
      revealSeconds: 10,
      voteSeconds: 10
    }
    const open: DatanetRules = { ...before, validators: [{ address: account('ada'), weight: 1 }] }
    const closed: DatanetRules = { ...open, private: {} }
    for (const [from, to] of [
      [open, { private: {} }],
      [closed, { private: null }],
      [closed, { private: { leastStake: '1' } }]
    ] as const)
      assert.throws(() => changedRules(from, to), { code: 'rules.fixed' })
    assert.throws(() => checkLaterRules(closed, before), { code: 'rules.fixed' })
    assert.doesNotThrow(() => checkLaterRules(closed, { ...before, private: {} }))
    const parents = [closed, open].map((rules, at) => ({
      id: toHex(new Uint8Array(32).fill(at)),
      rules,
      roster: rules.validators
    }))
    const texts = { name: 'mixed', description: '', heldOut: open.heldOut }
    assert.throws(() => mixRules(parents, texts), { code: 'datanet.private' })
  })
})
