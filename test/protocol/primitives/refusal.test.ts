import assert from 'node:assert/strict'
import { z } from 'zod'
import { address, nearestTo, readAs, RefusedError } from '../../../protocol/primitives/index.ts'

describe('what a schema refuses is told in words', () => {
  const schema = z.strictObject({
    epochs: z.int().min(1).max(1000),
    rate: z.number().positive().max(1).optional(),
    kind: z.enum(['lora', 'qlora']),
    who: address.optional(),
    tag: z.string().max(30).regex(/^\S+$/, 'a tag is a word').optional(),
    port: z
      .int()
      .refine(port => port !== 25, 'must be a port for this')
      .optional(),
    rows: z
      .array(z.strictObject({ text: z.string().min(1).max(80) }))
      .max(2)
      .optional(),
    lot: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('all') }),
        z.strictObject({ kind: z.literal('some'), of: z.array(z.int()).min(1) })
      ])
      .optional(),
    id: z
      .union([z.strictObject({ job: z.string() }), z.strictObject({ base: z.string(), name: z.string() })])
      .optional()
  })
  const good = { epochs: 1, kind: 'lora' }
  const cases: [string, unknown, RegExp][] = [
    [
      'a number out of its bounds',
      { ...good, epochs: 1_000_000 },
      /^epochs must be a whole number from 1 to 1000, not 1000000$/
    ],
    [
      'text where a number goes',
      { ...good, epochs: 'abc' },
      /^epochs must be a whole number from 1 to 1000, not "abc"$/
    ],
    [
      'what is no number',
      { ...good, rate: Number.NaN },
      /^rate must be a number above 0 up to 1, not something that is no number$/
    ],
    ['something missing', { epochs: 1 }, /^kind is missing: it must be one of lora, qlora$/],
    ['a word that is none of a few', { ...good, kind: 'full' }, /^kind must be one of lora, qlora, not "full"$/],
    ['an address', { ...good, who: '0x12' }, /^who must be an account: 0x and 40 hexadecimal digits, not "0x12"$/],
    ['a field with a typing mistake', { ...good, epoch: 2 }, /^epoch is unknown here: epochs may be meant$/],
    ['a field that nobody has', { ...good, colour: 2 }, /^colour is unknown here; known are epochs, rate/],
    ['a form in words of its own', { ...good, tag: 'two words' }, /^tag is refused: a tag is a word$/],
    ['a rule in words of its own', { ...good, port: 25 }, /^port must be a port for this, not 25$/],
    [
      'an empty text',
      { ...good, rows: [{ text: '' }] },
      /^rows\.0\.text must be a text of 1 to 80 characters, not an empty text$/
    ],
    [
      'a long text, which is not repeated',
      { ...good, rows: [{ text: 'x'.repeat(90) }] },
      /not a text of 90 characters$/
    ],
    [
      'a list that is too long',
      { ...good, rows: [{ text: 'a' }, { text: 'a' }, { text: 'a' }] },
      /at most 2 items, not a list of 3$/
    ],
    [
      'one of several forms',
      { ...good, lot: { kind: 'some', of: [] } },
      /^lot\.of must be a list that is not empty, not an empty list$/
    ],
    ['no form of several', { ...good, lot: { kind: 'none' } }, /^lot\.kind must be /],
    ['several faults', { epochs: 0, kind: 'x' }, /^epochs must be .*; kind must be /],
    ['nothing at all', undefined, /^what was given is missing: it must be an object$/]
  ]
  for (const [what, value, words] of cases)
    it(what, () => {
      assert.throws(
        () => readAs(schema, value, 'page.cursor'),
        (error: unknown) => {
          assert.ok(error instanceof RefusedError)
          assert.match(error.message, words)
          return true
        }
      )
    })

  it('and what it takes is given on', () => {
    assert.deepEqual(readAs(schema, good, 'page.cursor'), good)
  })

  it('a word is taken for another only where a few letters differ', () => {
    assert.equal(nearestTo('stauts', ['status', 'peers']), 'status')
    assert.equal(nearestTo('frobnicate', ['status', 'peers']), undefined)
  })
})
