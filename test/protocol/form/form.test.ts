import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Form, callBegins, callEnds, mostFormCharacters } from '../../../protocol/form/index.ts'
import type { Written } from '../../../protocol/form/index.ts'
import { anySchema, isValid } from './schemas.ts'
import type { Schema } from './schemas.ts'

const formOf = (json: unknown): Form => new Form(JSON.stringify({ json }))
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const takes = (form: Form, text: string): boolean => {
  const written = form.after(form.begin, bytesOf(text))
  return written !== undefined && form.mayEnd(written)
}

/** Bytes that may come next, each with what is written then. */
function nextIn(form: Form, written: Written): [number, Written][] {
  return Array.from({ length: 256 }, (_, byte): [number, Written | undefined] => [
    byte,
    form.next(written, byte)
  ]).filter((found): found is [number, Written] => found[1] !== undefined)
}

/** A text of a form: its bytes chosen by some numbers, and when they are used up the shortest way to its end. */
function textBy(form: Form, choices: readonly number[]): string {
  const bytes: number[] = []
  let written = form.begin
  for (const choice of choices) {
    const next = nextIn(form, written)
    if (next.length === 0) break
    if (form.mayEnd(written) && choice % 7 === 0) break
    const [byte, after] = next[choice % next.length]!
    bytes.push(byte)
    written = after
  }
  while (!form.mayEnd(written)) {
    const least = form.least(written)
    const shorter = nextIn(form, written).find(([, after]) => form.least(after) < least)
    assert.ok(shorter, `there is a way to the end of ${JSON.stringify(Buffer.from(bytes).toString())}`)
    assert.equal(form.least(shorter[1]), least - 1)
    bytes.push(shorter[0])
    written = shorter[1]
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))
}

describe('a form', () => {
  it('lets only valid JSON be written, whatever is chosen, and comes to an end', () => {
    fc.assert(
      fc.property(anySchema, fc.array(fc.nat(9_999), { maxLength: 60 }), (schema, choices) => {
        const text = textBy(formOf(schema), choices)
        assert.ok(isValid(JSON.parse(text), schema), `${text} by ${JSON.stringify(schema)}`)
      }),
      { numRuns: 150 }
    )
  })

  it('lets what is valid be written as programs write it, with a blank behind colons and commas or none', () => {
    const schema: Schema = {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 5 },
        age: { type: ['integer', 'null'] },
        tags: { type: 'array', items: { enum: ['a', 'ab', 'b'] }, maxItems: 2 },
        more: { type: 'object' }
      },
      required: ['name', 'tags']
    }
    const form = formOf(schema)
    for (const good of [
      '{"name":"Ada","tags":[]}',
      '{"name": "Ada", "age": 36, "tags": ["a", "ab"], "more": {"x": [1.5e3, null, {"y": "\\u00e9 \\n"}]}}',
      '{"name":"日本語です","age":null,"tags":["ab"]}'
    ])
      assert.ok(takes(form, good), good)
    for (const bad of [
      '{"name":"Ada"}',
      '{"tags":[],"name":"Ada"}',
      '{"name":"Adaaaa","tags":[]}',
      '{"name":"日本語ですよ","tags":[]}',
      '{"name":"Ada","age":1.5,"tags":[]}',
      '{"name":"Ada","tags":["a","b","a"]}',
      '{"name":"Ada","tags":["abc"]}',
      '{"name":"Ada","tags":[],}',
      '{"name":"Ada","tags":[],"other":1}',
      '{"name":"Ada",  "tags":[]}',
      '{"name":"A\nb","tags":[]}',
      '{"name":"\\ud800","tags":[]}',
      ' {"name":"Ada","tags":[]}'
    ])
      assert.ok(!takes(form, bad), bad)
  })

  it('of a schema that holds itself has any depth', () => {
    const tree = formOf({
      $defs: {
        node: {
          type: 'object',
          properties: { left: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['left']
        }
      },
      $ref: '#/$defs/node'
    })
    assert.ok(takes(tree, '{"left":{"left":{"left":null}}}'))
    assert.ok(!takes(tree, '{"left":{"left":{"left":1}}}'))
  })

  it('of calls is a call of one of them, or any other text', () => {
    const calls = ['look', 'look_up'].map(name => ({
      name,
      parameters: { type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }
    }))
    const [free, must] = [false, true].map(must => new Form(JSON.stringify({ calls, must })))
    const call = `${callBegins}{"name": "look_up", "arguments": {"look_up": "x"}}${callEnds}`
    const other = `${callBegins}{"name": "look_up", "arguments": {"look": "x"}}${callEnds}`
    for (const form of [free!, must!]) assert.deepEqual([takes(form, call), takes(form, other)], [true, false])
    for (const text of ['Fe.', '<tool', '<tool_calls', 'see <tool_call>\n', '{"name": "look"}'])
      assert.deepEqual([takes(free!, text), takes(must!, text)], [!text.startsWith('<tool_call>'), false], text)
  })

  it('refuses by its name and place what it cannot promise', () => {
    const cases: [unknown, string, RegExp][] = [
      [{ type: 'string', pattern: '^a' }, 'form.unsupported', /^\/pattern /],
      [
        { type: 'object', properties: { a: { type: 'number', minimum: 1 } } },
        'form.unsupported',
        /^\/properties\/a\/minimum /
      ],
      [{ oneOf: [true] }, 'form.unsupported', /^\/oneOf /],
      [{ type: 'string', format: 'date' }, 'form.unsupported', /^\/format /],
      [{ $ref: 'https://example.org/schema' }, 'form.unsupported', /^\/\$ref /],
      [{ type: 'array', items: { uniqueItems: true } }, 'form.unsupported', /^\/items\/uniqueItems /],
      [{ type: 'string', anyOf: [true] }, 'form.unsupported', /^\/type /],
      [{ $ref: '#/$defs/none' }, 'form.invalid', /points to nothing/],
      [{ $ref: '#/%' }, 'form.invalid', /no pointer/],
      [{ type: 'bird' }, 'form.invalid', /^\/type must be of/],
      [{ enum: [] }, 'form.invalid', /allows no value/],
      [{ type: 'string', const: 1 }, 'form.invalid', /allows no value/],
      [{ type: 'string', minLength: 3, maxLength: 2 }, 'form.invalid', /minLength/],
      [{ type: 'string', maxLength: -1 }, 'form.invalid', /maxLength/],
      [{ type: 'object', required: ['a'], additionalProperties: false }, 'form.invalid', /nothing allows/],
      [7, 'form.invalid', /the schema must be a schema/],
      [{ type: 'array', items: { $ref: '#' }, minItems: 1 }, 'form.endless', /no finite value/],
      [{ anyOf: [{ $ref: '#' }] }, 'form.endless', /no finite value/]
    ]
    for (const [schema, code, message] of cases)
      assert.throws(() => formOf(schema), { code, message }, JSON.stringify(schema))
    for (const text of ['', '{', '{}', '{"calls":[],"must":true}', '{"json":true,"more":1}', '"json"'])
      assert.throws(() => new Form(text), { code: 'form.invalid' }, text)
  })

  it('refuses what is too large to follow before it is followed', () => {
    const nested = (depth: number): unknown => (depth === 0 ? true : { type: 'array', items: nested(depth - 1) })
    const many = (count: number): Schema => ({
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, true]))
    })
    for (const schema of [
      nested(40),
      many(257),
      { enum: Array.from({ length: 501 }, (_, i) => i) },
      { anyOf: Array.from({ length: 65 }, () => true) },
      { type: 'array', items: { const: Array.from({ length: 34 }).reduce<unknown>(inner => [inner], 1) } }
    ])
      assert.throws(() => formOf(schema), { code: 'form.large' })
    assert.throws(() => formOf({ const: 'x'.repeat(mostFormCharacters) }), { code: 'form.large' })
  })

  it('follows no more ways at once than it bounds, and each of them to its end', () => {
    // Every level doubles what may have been meant.
    const ways = formOf({
      $defs: {
        s: {
          anyOf: [
            { type: 'object', properties: { a: { $ref: '#/$defs/s' }, b: { type: 'null' } }, required: ['a', 'b'] },
            { type: 'object', properties: { a: { $ref: '#/$defs/s' }, c: { type: 'null' } }, required: ['a', 'c'] },
            { type: 'null' }
          ]
        }
      },
      $ref: '#/$defs/s'
    })
    const deep = ways.after(ways.begin, bytesOf('{"a":'.repeat(40)))
    assert.ok(deep !== undefined && deep.length <= 128)
    const text = `null${',"b":null}'.repeat(40)}`
    const written = ways.after(deep, bytesOf(text))
    assert.ok(written !== undefined && ways.isOver(written))
  })

  it('is the same on every machine: what may follow depends on what is written alone', () => {
    fc.assert(
      fc.property(anySchema, fc.array(fc.nat(9_999), { maxLength: 30 }), (schema, choices) => {
        assert.equal(textBy(formOf(schema), choices), textBy(formOf(schema), choices))
      }),
      { numRuns: 20 }
    )
  })
})
