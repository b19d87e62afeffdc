import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkForm } from '../../../protocol/form/index.ts'
import { keyText, leastBytes } from '../../../protocol/form/shapes.ts'
import type { Shape } from '../../../protocol/form/shapes.ts'

/** As it is said: what a shape comes to by what others come to, until nothing changes. */
function inRounds(shapes: readonly Shape[]): number[] {
  const least = shapes.map(() => Infinity)
  const of = (shape: number): number => least[shape] ?? Infinity
  const bytes = (shape: Shape): number => {
    switch (shape.kind) {
      case 'literal':
        return Math.min(...shape.texts.map(text => Buffer.byteLength(text)))
      case 'string':
        return shape.least + 2
      case 'number':
        return 1
      case 'array':
        return shape.least === 0 ? 2 : 1 + shape.least * (of(shape.entries) + 1)
      case 'object': {
        const required = shape.properties.filter(one => one.required)
        const sum = required.reduce((all, one) => all + Buffer.byteLength(keyText(one.name)) + of(one.value) + 1, 1)
        return required.length === 0 ? 2 : sum
      }
      case 'map':
        return 2
      case 'ways':
        return Math.min(Infinity, ...shape.ways.map(of))
    }
  }
  for (let changed = true; changed;) {
    changed = false
    for (const [i, shape] of shapes.entries()) {
      const found = bytes(shape)
      if (found >= of(i)) continue
      least[i] = found
      changed = true
    }
  }
  return least
}

/** Each property asks for the one before: what is read first is known last. */
function chain(length: number): string {
  const name = (i: number): string => i.toString(36)
  const of = (i: number): unknown =>
    i === 0 ? { type: 'number' } : { properties: { x: { $ref: `#/$defs/${name(i - 1)}` } }, required: ['x'] }
  const all = Array.from({ length }, (_, i) => i)
  const refs = all.map(i => ({ $ref: `#/$defs/${name(i)}` }))
  const anyOf = Array.from({ length: Math.ceil(length / 64) }, (_, i) => ({ anyOf: refs.slice(i * 64, i * 64 + 64) }))
  return JSON.stringify({ json: { $defs: Object.fromEntries(all.map(i => [name(i), of(i)])), anyOf } })
}

describe('forms: the shortest texts', () => {
  it('are found as by going through all shapes again and again, however they hang on one another', () => {
    const shape = (count: number): fc.Arbitrary<Shape> => {
      const one = fc.nat(count - 1)
      const properties = fc.array(
        fc.record({ name: fc.constantFrom('a', 'bc', 'é"'), value: one, required: fc.boolean() }),
        { maxLength: 3 }
      )
      return fc.oneof(
        fc.record({ kind: fc.constant('literal' as const), texts: fc.constantFrom(['true', 'é'], ['null']) }),
        fc.record({ kind: fc.constant('string' as const), least: fc.nat(5), most: fc.constant(9) }),
        fc.record({ kind: fc.constant('array' as const), entries: one, least: fc.nat(2), most: fc.constant(9) }),
        fc.record({ kind: fc.constant('object' as const), properties }),
        fc.record({ kind: fc.constant('map' as const), names: one, values: one }),
        fc.record({ kind: fc.constant('ways' as const), ways: fc.array(one, { maxLength: 3 }) })
      )
    }
    const shapes = fc
      .integer({ min: 1, max: 12 })
      .chain(count => fc.array(shape(count), { minLength: count, maxLength: count }))
    fc.assert(fc.property(shapes, list => assert.deepEqual([...leastBytes(list)], inRounds(list))))
  })

  it('take the time of the form, however many of its parts wait for one another', () => {
    // A request is read before it is known whose it is: such a form took seconds.
    let looks = 0
    const counted = (shape: Shape): Shape =>
      new Proxy(shape, {
        get(target, name): unknown {
          if (name === 'kind') looks++
          return Reflect.get(target, name)
        }
      })
    const count = 1_000
    const shapes = Array.from({ length: count }, (_, i): Shape[] => [
      { kind: 'ways', ways: [2 * i + 1] },
      { kind: 'object', properties: i === 0 ? [] : [{ name: 'x', value: 2 * i - 2, required: true }] }
    ]).flat()
    const least = leastBytes(shapes.map(counted))
    assert.equal(least.at(-2), 2 + 6 * (count - 1))
    assert.ok(looks < 10 * shapes.length, `${looks} looks at ${shapes.length} parts`)
    checkForm(chain(360))
  })

  it('are of no value deeper than schemas are, whatever stands beside it', () => {
    const deep = `${'['.repeat(16_000)}${']'.repeat(16_000)}`
    for (const schema of [`{"const":${deep}}`, `{"enum":[1],"const":${deep}}`, `{"enum":[${deep}]}`])
      assert.throws(() => checkForm(`{"json":${schema}}`), { code: 'form.large' })
  })
})
