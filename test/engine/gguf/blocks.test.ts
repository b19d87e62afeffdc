import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { unpack } from '../../../node/engine/gguf/blocks.ts'
import { interleavedRow } from '../../../node/engine/gguf/names.ts'
import { pack, writtenTypes, type WrittenType } from '../../../node/engine/gguf/pack.ts'
import { ggufTypes, type GgufTypeName } from '../../../node/engine/gguf/types.ts'

interface Vectors {
  readonly read: Record<string, { readonly bytes: string; readonly weights: string }>
  readonly write: Record<string, { readonly bytes: string; readonly weights: string }>
}
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/gguf/blocks.json'), 'utf8')) as Vectors
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'))
const floatsOf = (base64: string): Float32Array => new Float32Array(bytesOf(base64).buffer)

describe('blocks of GGUF files', () => {
  for (const [name, { bytes, weights }] of Object.entries(vectors.read))
    it(`${name} stands for the weights that llama.cpp's own reader finds`, () => {
      const expected = floatsOf(weights)
      const out = new Float32Array(expected.length)
      unpack[name as GgufTypeName](bytesOf(bytes), out)
      out.forEach((x, i) => assert.ok(x === expected[i], `${i}: ${x} for ${expected[i]}`))
    })

  for (const [name, { bytes, weights }] of Object.entries(vectors.write))
    it(`weights become the ${name} that it writes`, () =>
      assert.deepEqual(Buffer.from(pack[name as WrittenType](floatsOf(weights))), Buffer.from(bytesOf(bytes))))

  it('what is written is read again, as near as its type can say it', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...writtenTypes),
        fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 64, maxLength: 64 }),
        (name, weights) => {
          const before = Float32Array.from(weights)
          const out = new Float32Array(64)
          const { block, bytes } = ggufTypes[name]
          const packed = pack[name](before)
          assert.equal(packed.length, (64 / block) * bytes)
          unpack[name](packed, out)
          const largest = Math.max(...weights.map(Math.abs))
          const slack = { F32: 0, F16: 2 ** -10, BF16: 2 ** -7, Q8_0: 2 ** -6, Q4_0: 0.2 }[name]
          out.forEach((x, i) => assert.ok(Math.abs(x - (before[i] ?? NaN)) <= slack * largest + 1e-6))
        }
      )
    ))

  it("the rows of a head are turned as llama.cpp's converter turns them: [2, half] becomes [half, 2]", () => {
    const [heads, width] = [3, 8]
    const there = Array.from({ length: heads }, (_, head) =>
      Array.from({ length: width / 2 }, (_, i) => [0, 1].map(half => head * width + (half * width) / 2 + i))
    ).flat(2)
    there.forEach((row, at) => assert.equal(interleavedRow(row, width), at))
  })
})
