import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  exportGguf,
  importGguf,
  loadModel,
  mergeAdapter,
  readConfig,
  Tokenizer,
  writtenTypes,
  type GgufExport
} from '../../../node/engine/index.ts'
import { unpack } from '../../../node/engine/gguf/blocks.ts'
import { readGguf } from '../../../node/engine/gguf/header.ts'
import { modelFolder, temporary, vectors } from '../fixture.ts'
import { ggufBytes, listKey, f32, llamaKeys, llamaTensors, text, textKey, truthKey, u32, u32Key } from './file.ts'
import { writeFileSync } from 'node:fs'

const seedling = join(import.meta.dirname, '../../../daemon/assets/seedling')
const models = ['llama-tied', 'llama3-rope-qlora', 'qwen2-bias', 'qwen3-qknorm']

describe('models as GGUF', () => {
  const folder = temporary()
  after(() => folder.remove())
  const place = (name: string): string => join(folder.path, name)
  const written = (change: Partial<GgufExport> & { readonly model: string; readonly file: string }): string => {
    exportGguf({ what: 'model', type: 'F32', name: 'it', ...change })
    return change.file
  }
  /** One tensor of a file, as numbers in the file's order. */
  const tensorOf = (file: string, name: string): Float32Array => {
    const tensor = readGguf(file).tensors.get(name)
    assert.ok(tensor, `${file} has ${name}`)
    const bytes = Buffer.alloc(tensor.length)
    const fd = openSync(file, 'r')
    readSync(fd, bytes, 0, bytes.length, tensor.offset)
    closeSync(fd)
    const out = new Float32Array(tensor.shape.reduce((a, b) => a * b, 1))
    unpack[tensor.type.name](bytes, out)
    return out
  }
  const weightsOf = (model: string) => [...loadModel(model).parameters].map(([name, { data }]) => [name, data] as const)

  for (const name of models)
    it(`${name} goes out and comes in again as it was: weights, shape, rotation and tokenizer`, () => {
      const model = modelFolder(folder.path, name)
      const file = written({ model, file: place(`${name}.gguf`) })
      const output = place(`${name}-again`)
      const progress: number[] = []
      importGguf({ file, output, onProgress: (done, of) => progress.push(done / of) })
      assert.equal(progress.at(-1), 1)
      assert.deepEqual(weightsOf(output), weightsOf(model))
      const shape = (of: string) => {
        const { rope, ...rest } = readConfig(of)
        // Which tokens begin and end is the tokenizer's in GGUF, and the parity models have another's.
        const ids = { beginId: undefined, endIds: [], padId: undefined }
        return { ...rest, ...ids, rope: { theta: rope.theta, scaling: rope.scaling ?? null } }
      }
      assert.deepEqual(shape(output), shape(model))
    })

  it('an adapter adds the same in GGUF as it does here, merged or beside its base', () => {
    const model = modelFolder(folder.path)
    const adapter = join(vectors, 'llama-tied/adapter-end')
    const base = written({ model, file: place('base.gguf') })
    const merged = written({ model, adapter, file: place('merged.gguf') })
    const lora = written({ model, adapter, what: 'adapter', file: place('lora.gguf') })
    const output = place('merged-again')
    importGguf({ file: merged, output })
    mergeAdapter({ model, adapter, output: place('merged-here'), dtype: 'F32' })
    assert.deepEqual(weightsOf(output), weightsOf(place('merged-here')))

    const { metadata, tensors } = readGguf(lora)
    assert.equal(metadata.get('general.type'), 'adapter')
    assert.equal(metadata.get('adapter.type'), 'lora')
    const name = 'blk.0.attn_q.weight'
    const [rank = 0, width = 0] = tensors.get(`${name}.lora_a`)?.shape ?? []
    const scale = Number(metadata.get('adapter.lora.alpha')) / rank
    const [a, b] = [tensorOf(lora, `${name}.lora_a`), tensorOf(lora, `${name}.lora_b`)]
    const before = tensorOf(base, name)
    tensorOf(merged, name).forEach((x, at) => {
      const [row, column] = [Math.floor(at / width), at % width]
      let sum = before[at] ?? 0
      for (let r = 0; r < rank; r++) sum += scale * (b[row * rank + r] ?? 0) * (a[r * width + column] ?? 0)
      assert.ok(Math.abs(sum - x) < 1e-6)
    })
  })

  it('weights are stored as they are asked for, norms exact', () => {
    const model = modelFolder(folder.path)
    const sizes = writtenTypes.map(type => {
      const file = written({ model, type, file: place(`${type}.gguf`) })
      const { tensors } = readGguf(file)
      assert.equal(tensors.get('output_norm.weight')?.type.name, 'F32')
      importGguf({ file, output: place(`${type}-again`) })
      return { type, size: statSync(file).size }
    })
    const size = (type: string): number => sizes.find(one => one.type === type)?.size ?? NaN
    assert.ok(size('F32') > size('F16') && size('F16') > size('Q8_0') && size('Q8_0') > size('Q4_0'))
  })

  /** The tokens of all texts are the same by both. */
  const alike = (one: Tokenizer, other: Tokenizer): void =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom(
              '  ',
              ' ',
              '\n\n',
              '12',
              '3',
              "it's",
              'The symbol',
              '<|im_start|>',
              '<|user|>',
              'ü',
              '东',
              '😀'
            ),
            fc.string({ maxLength: 4, unit: 'grapheme' })
          ),
          { maxLength: 12 }
        ),
        parts => {
          const text = parts.join('')
          const ids = one.encode(text)
          assert.deepEqual(other.encode(text), ids)
          assert.equal(other.decode(ids, { keepSpecial: true }), one.decode(ids, { keepSpecial: true }))
        }
      )
    )

  for (const model of [seedling, 'llama-tied'])
    it(`the tokenizer of ${model === seedling ? 'the shipped base' : 'the parity models'} keeps its tokens`, () => {
      const from = model === seedling ? seedling : modelFolder(folder.path, model)
      const output = place('tokens')
      importGguf({ file: written({ model: from, type: 'Q8_0', file: place('tokens.gguf') }), output })
      const [before, after] = [Tokenizer.load(from), Tokenizer.load(output)]
      alike(before, after)
      assert.equal(after.template, before.template)
      assert.equal(after.endId, before.endId)
    })

  it('a tokenizer whose way of cutting text has no name in GGUF is not written', () => {
    const model = modelFolder(folder.path, 'qwen2-bias')
    const path = join(model, 'tokenizer.json')
    const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    json['pre_tokenizer'] = { type: 'Sequence', pretokenizers: [{ type: 'Punctuation' }, json['pre_tokenizer']] }
    writeFileSync(path, JSON.stringify(json))
    assert.throws(() => written({ model, file: place('x.gguf') }), { code: 'gguf-unsupported' })
  })

  it("SentencePiece's scores become merges, blanks and bytes its own way, and scores again", () => {
    const blank = '\u2581'
    const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`)
    const pieces = ['h', 'e', 'l', 'o', blank, 'he', 'll', 'hell', 'hello', `${blank}hello`, 'lo', 'ell']
    const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces]
    const kinds = tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1))
    const score = (token: string): number => (pieces.includes(token) ? -pieces.indexOf(token) : 0)
    const keys = llamaKeys({
      'tokenizer.ggml.model': textKey('tokenizer.ggml.model', 'llama'),
      'tokenizer.ggml.pre': textKey('tokenizer.ggml.pre', 'default'),
      'tokenizer.ggml.tokens': listKey('tokenizer.ggml.tokens', 8, tokens.map(text)),
      'tokenizer.ggml.token_type': listKey('tokenizer.ggml.token_type', 5, kinds.map(u32)),
      'tokenizer.ggml.scores': listKey(
        'tokenizer.ggml.scores',
        6,
        tokens.map(token => f32(score(token)))
      ),
      'tokenizer.ggml.merges': undefined,
      'tokenizer.ggml.bos_token_id': u32Key('tokenizer.ggml.bos_token_id', 1),
      'tokenizer.ggml.eos_token_id': u32Key('tokenizer.ggml.eos_token_id', 2),
      'tokenizer.ggml.add_space_prefix': truthKey('tokenizer.ggml.add_space_prefix', true)
    })
    const embeddings = Buffer.alloc(tokens.length * 32 * 4)
    const tensors = llamaTensors().map(one =>
      one.name === 'token_embd.weight' ? { ...one, lengths: [32, tokens.length], bytes: embeddings } : one
    )
    writeFileSync(place('pieces.gguf'), ggufBytes({ keys, tensors }))
    const output = place('pieces')
    importGguf({ file: place('pieces.gguf'), output })
    const tokenizer = Tokenizer.load(output)
    const said = (of: Tokenizer, words: string): (string | undefined)[] => of.encode(words).map(id => tokens[id])
    assert.deepEqual(said(tokenizer, 'hello'), [`${blank}hello`])
    // "he" has a higher score than "ell", so it comes first, and "ell" never.
    assert.deepEqual(said(tokenizer, 'hello hell'), [`${blank}hello`, blank, 'hell'])
    assert.deepEqual(said(tokenizer, 'hé'), [blank, 'h', '<0xC3>', '<0xA9>'])
    assert.equal(tokenizer.decode(tokenizer.encode('hello hé hell')), 'hello hé hell')
    const again = place('pieces-again')
    importGguf({ file: written({ model: output, file: place('pieces-out.gguf') }), output: again })
    const other = Tokenizer.load(again)
    for (const words of ['hello', 'hello hell', 'ellloh', ' hé '])
      assert.deepEqual(said(other, words), said(tokenizer, words))
  })
})
