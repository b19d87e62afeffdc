import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TextStream, Tokenizer } from '../../node/engine/index.ts'
import { plainSpeller } from '../../node/engine/text/plain.ts'
import { openTextReader } from '../../node/engine/text/reader.ts'
import { temporary } from './fixture.ts'

const seedling = join(import.meta.dirname, '../../daemon/assets/seedling')

interface Json {
  added_tokens: Record<string, unknown>[]
  decoder: Record<string, unknown>
  model: { vocab: Record<string, number>; merges: unknown[]; end_of_word_suffix?: string }
}

/** A seedling's tokenizer with something of its own. */
function variant(to: string, change: (json: Json, config: Record<string, unknown>) => void): string {
  cpSync(seedling, to, { recursive: true, filter: path => !path.endsWith('.safetensors') })
  const files = ['tokenizer.json', 'tokenizer_config.json'].map(name => join(to, name))
  const [json, config] = files.map(file => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
  change(json as unknown as Json, config ?? {})
  files.forEach((file, i) => writeFileSync(file, JSON.stringify([json, config][i])))
  return to
}

const added = (id: number, content: string, special: boolean): Record<string, unknown> => ({
  id,
  content,
  special,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false
})

describe('answers spelled without their tokenizer', () => {
  const folder = temporary()
  after(() => folder.remove())

  /** Ids of all kinds: bytes that are no character alone, special and added tokens, words. */
  const idsOf = (count: number): fc.Arbitrary<number[]> =>
    fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: count - 1 })), { maxLength: 24 })

  it('says what the tokenizer says, whatever the tokens, the pieces they come in and the stop strings', () => {
    const many = variant(join(folder.path, 'many'), (json, config) => {
      const size = Object.keys(json.model.vocab).length
      json.added_tokens.push(added(size, '<tool é🦔>', false), added(size + 1, 'ab', false), added(7, ' the', true))
      config['additional_special_tokens'] = ['a', 'Ġof']
    })
    for (const path of [seedling, many]) {
      const tokenizer = Tokenizer.load(path)
      const vocabulary = tokenizer.plain()
      assert.ok(vocabulary)
      const speller = plainSpeller(vocabulary)
      fc.assert(
        fc.property(idsOf(vocabulary.kinds.length), fc.constantFrom([], ['a'], ['the ', 'n']), (ids, stops) => {
          assert.notEqual(speller.bytes(ids), undefined)
          assert.equal(speller.decode(ids), tokenizer.decode(ids))
          const [own, theirs] = [new TextStream(speller, stops), new TextStream(tokenizer, stops)]
          for (const id of ids) assert.equal(own.push(id), theirs.push(id))
          assert.deepEqual(own.state, theirs.state)
          assert.equal(own.finish(), theirs.finish())
        }),
        { numRuns: 300 }
      )
      assert.equal(speller.bytes([vocabulary.kinds.length]), undefined)
      assert.equal(speller.bytes([-1]), undefined)
    }
  })

  it('leaves to the tokenizer what is more than bytes in a row', () => {
    const others: Record<string, (json: Json) => void> = {
      'another decoder': json => (json.decoder = { type: 'Fuse' }),
      'several decoders': json => (json.decoder = { type: 'Sequence', decoders: [json.decoder] }),
      'words that end': json => (json.model.end_of_word_suffix = '</w>'),
      'letters that are no byte': json => (json.model.vocab['猫'] = Object.keys(json.model.vocab).length)
    }
    for (const [name, change] of Object.entries(others))
      assert.equal(Tokenizer.load(variant(join(folder.path, name), change)).plain(), undefined, name)
  })

  describe('where they cost more than answers do', () => {
    /** Spells the first part here; the second once there is no process for anything else. */
    const spelledHere = async (path: string, ids: readonly number[]): Promise<boolean> => {
      const reader = openTextReader()
      const text = reader.text(path, [])
      try {
        await text.push([])
        reader.close()
        return await text.push(ids).then(
          () => true,
          (error: unknown) => (assert.equal((error as { code: string }).code, 'sandbox.closed'), false)
        )
      } finally {
        reader.close()
      }
    }
    const idOf = (path: string, token: string): number =>
      (JSON.parse(readFileSync(join(path, 'tokenizer.json'), 'utf8')) as Json).model.vocab[token] ?? -1

    it('are left to the process of their tokenizer, which has a deadline', async () => {
      const lone = idOf(seedling, '\u0122') // the letter of byte 0x80: no character begins with it
      assert.ok(lone >= 0)
      assert.equal(await spelledHere(seedling, Array<number>(30).fill(lone)), true)
      assert.equal(await spelledHere(seedling, Array<number>(4_095).fill(lone)), false)
      const long = 'ÿ'.repeat(8_192)
      const large = variant(join(folder.path, 'large'), json => {
        json.model.vocab[long] = Object.keys(json.model.vocab).length
      })
      assert.equal(await spelledHere(large, [idOf(large, long), idOf(large, long)]), false)
    })

    it('say the same', async () => {
      const reader = openTextReader()
      try {
        const tokenizer = Tokenizer.load(seedling)
        const ids = [
          ...Array<number>(200).fill(idOf(seedling, '\u0122')),
          ...tokenizer.encode('the sky 🦔 '.repeat(90))
        ]
        const text = reader.text(seedling, [])
        assert.equal((await text.push(ids)) + (await text.finish()), tokenizer.decode(ids))
      } finally {
        reader.close()
      }
    })
  })

  it('is by the files that the process of the tokenizer has read', async () => {
    const path = variant(join(folder.path, 'changed'), () => undefined)
    const reader = openTextReader()
    const said = async (): Promise<string> => reader.text(path, []).push([300])
    try {
      const before = await said()
      variant(path, ({ model: { vocab } }) => {
        const other: Record<number, number> = { 300: 301, 301: 300 }
        for (const [token, id] of Object.entries(vocab)) vocab[token] = other[id] ?? id
      })
      assert.equal(await said(), before)
      // Four others take its process's place.
      for (let i = 0; i < 4; i++) await reader.open(variant(join(folder.path, `other ${i}`), () => undefined))
      assert.notEqual(await said(), before)
    } finally {
      reader.close()
    }
  })

  it('needs the process of a tokenizer once, and again for a token that is none', async () => {
    const reader = openTextReader()
    const tokenizer = Tokenizer.load(seedling)
    const ids = tokenizer.encode('the symbol of tin is Sn')
    try {
      const text = reader.text(seedling, [])
      assert.equal(await text.push(ids.slice(0, 2)), tokenizer.decode(ids.slice(0, 2)))
      reader.close()
      const rest = (await text.push(ids.slice(2))) + (await text.finish())
      assert.equal(rest, tokenizer.decode(ids).slice(tokenizer.decode(ids.slice(0, 2)).length))
      await assert.rejects(reader.text(seedling, []).push([1 << 20]), { code: 'sandbox.closed' })
    } finally {
      reader.close()
    }
  })
})
