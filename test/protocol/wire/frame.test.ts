import assert from 'node:assert/strict'
import fc from 'fast-check'
import { z } from 'zod'
import { parseUpToFirst, foreignCode } from '../../../protocol/primitives/index.ts'
import { amount } from '../../../protocol/primitives/index.ts'
import { LimitError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import {
  PeerError,
  codeOf,
  decodeFrame,
  encodeFrame,
  maxDepth,
  mayBeNewer,
  protocols,
  streamLimits,
  topicFamilies,
  topicLimits
} from '../../../protocol/wire/index.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const codeThrown = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof TilthError, `an untyped error came out: ${String(error)}`)
    return error.code
  }
  return 'none'
}

describe('wire: frames', () => {
  const schema = z.strictObject({ name: z.string().max(20), price: amount })

  it('gives back what was sent, amounts as bigints', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (name, price) => {
        assert.deepEqual(decodeFrame(encodeFrame({ price, name }, 1000), schema, 1000), { name, price })
      })
    )
  })

  it('one value has one text, whatever the order of its keys', () => {
    assert.deepEqual(encodeFrame({ a: 1, b: 2n }, 100), encodeFrame({ b: 2n, a: 1 }, 100))
  })

  it('any bytes give a typed value or a coded error, never another throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        assert.match(
          codeThrown(() => decodeFrame(bytes, schema, 100)),
          /^frame\./
        )
      })
    )
    fc.assert(
      fc.property(fc.json(), text => {
        assert.match(
          codeThrown(() => decodeFrame(bytesOf(text), schema, 100_000)),
          /^frame\./
        )
      })
    )
  })

  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  const refused: [string, Uint8Array, string][] = [
    [
      'more bytes than allowed',
      bytesOf(JSON.stringify({ name: 'x', price: '1', more: ' '.repeat(200) })),
      'frame.too-large'
    ],
    ['another shape', bytesOf('{"name":"x"}'), 'frame.schema'],
    ['an unknown key', bytesOf('{"name":"x","price":"1","admin":true}'), 'frame.schema'],
    ['a prototype key', bytesOf('{"name":"x","price":"1","__proto__":{"a":1}}'), 'frame.schema'],
    ['an amount as a number', bytesOf('{"name":"x","price":1}'), 'frame.schema'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22), 'frame.garbage'],
    ['nothing', new Uint8Array(0), 'frame.garbage'],
    ['two texts', bytesOf('{} {}'), 'frame.garbage'],
    ['a text too deep', bytesOf(nested(maxDepth + 1)), 'frame.depth']
  ]
  for (const [what, bytes, code] of refused) {
    it(`refuses ${what} as ${code}`, () => {
      assert.equal(
        codeThrown(() => decodeFrame(bytes, schema, 150)),
        code
      )
    })
  }

  it('tells what a later version may have added from what no version says', () => {
    const kinds = z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('one') })])
    const isNewer = (text: string, of: z.ZodType = schema): boolean => {
      try {
        decodeFrame(bytesOf(text), of, 1000)
      } catch (error) {
        return mayBeNewer(error)
      }
      return false
    }
    assert.ok(isNewer('{"name":"x","price":"1","more":true}'))
    assert.ok(isNewer('{"kind":"two","more":1}', kinds))
    assert.ok(isNewer('[{"kind":"one","more":1}]', z.array(kinds)))
    assert.ok(isNewer('"three"', z.enum(['one', 'two'])))
    for (const text of ['{"name":"x"}', '{"name":"x","price":1,"more":1}', '[]', 'null', '{'])
      assert.ok(!isNewer(text), text)
  })

  it('takes the allowed depth, and does not count brackets inside strings', () => {
    assert.deepEqual(decodeFrame(bytesOf(nested(maxDepth)), z.json(), 1000), JSON.parse(nested(maxDepth)))
    const text = `${'['.repeat(100)}"\\`
    assert.equal(decodeFrame(bytesOf(JSON.stringify(text)), z.string(), 1000), text)
  })

  it('a million opening brackets are refused without being parsed', () => {
    assert.equal(
      codeThrown(() => decodeFrame(new Uint8Array(1 << 20).fill(0x5b), z.json(), 1 << 20)),
      'frame.depth'
    )
  })

  it('what we send has the same limits', () => {
    assert.equal(
      codeThrown(() => encodeFrame('x'.repeat(100), 50)),
      'frame.too-large'
    )
    assert.equal(
      codeThrown(() => encodeFrame({ x: Number.NaN }, 50)),
      'canonical.number'
    )
  })
})

describe('wire: codes', () => {
  it('only the code of a typed error crosses; an unknown or fatal one is internal', () => {
    assert.equal(codeOf(new NotFoundError('channel.unknown', 'secret text')), 'channel.unknown')
    assert.equal(codeOf(new Error('secret text')), 'internal')
    assert.equal(codeOf(new TilthError('store.disk-full', 'x', { consequence: 'fatal' })), 'internal')
    assert.equal(codeOf(new TilthError(foreignCode('Not a code!'), 'x')), 'internal')
    assert.equal(codeOf('text'), 'internal')
  })

  it('a code that comes in is a code or becomes internal', () => {
    assert.equal(new PeerError('limit.busy').code, 'limit.busy')
    for (const bad of [undefined, 7, '', 'A B', 'x'.repeat(61), '<script>'])
      assert.equal(new PeerError(bad).code, 'internal')
    assert.equal(new PeerError('frame.schema').consequence, 'reject')
    assert.equal(new PeerError('channel.unknown').consequence, 'retry')
    assert.equal(new PeerError('toString').code, 'internal')
    assert.equal(new PeerError('constructor').consequence, 'retry')
  })
})

describe('wire: limits', () => {
  it('every topic and protocol has limits that can be kept', () => {
    for (const topic of topicFamilies) {
      const { maxBytes, timeMs, quota, queue } = topicLimits[topic]
      assert.ok(maxBytes > 0 && maxBytes <= 4 << 20 && timeMs > 0 && quota.burst >= quota.perSecond && queue > 0, topic)
    }
    for (const protocol of protocols) {
      const limits = streamLimits[protocol]
      assert.ok(limits.timeMs <= limits.lifeMs && limits.perPeer <= limits.inAll && limits.queue > 0, protocol)
    }
    assert.ok(new LimitError('limit.time', 'x').consequence === 'reject')
  })

  it('stops at the first thing that is wrong: a million wrong elements are not a million issues', () => {
    const many = Array.from({ length: 1_000_000 }, () => 0)
    const { error } = parseUpToFirst(z.strictObject({ list: z.array(z.strictObject({ kind: z.string() })) }), {
      list: many
    })
    assert.equal(error?.issues.length, 1)
    assert.throws(() => decodeFrame(encodeFrame(many, 1 << 22), z.array(z.string()), 1 << 22), { code: 'frame.schema' })
  })
})
