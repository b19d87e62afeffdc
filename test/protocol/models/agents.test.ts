import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  AgentAccount,
  answersBy,
  checkManifest,
  checkSteps,
  costOf,
  decodeManifest,
  encodeManifest,
  feeOf,
  isAgent,
  mostInputOf,
  mostInputTokens,
  passedOn,
  placesOf,
  rendered,
  upTo
} from '../../../protocol/models/index.ts'
import type { AgentStep } from '../../../protocol/models/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'

const model = keccak('a model')
const step = (name: string, change: Partial<AgentStep> = {}): AgentStep => ({
  name,
  model,
  prompt: '{{input}}',
  maxTokens: 32,
  ...change
})
const manifest = (steps: readonly unknown[], change: object = {}) => ({
  kind: 'tilth agent',
  version: 1,
  fee: '1000',
  steps,
  ...change
})
const route = step('kind', { choices: ['chemistry', 'other'] })

describe('the manifest of an agent', () => {
  it('is what was written, and has one form in bytes', () => {
    const read = checkManifest(manifest([route, step('a', { when: { step: 'kind', is: ['chemistry'] } }), step('b')]))
    assert.deepEqual(decodeManifest(encodeManifest(read)), read)
    assert.equal(read.fee, 1000n)
  })
  const hostile: [string, unknown][] = [
    ['no steps', manifest([])],
    ['more steps than eight', manifest(Array.from({ length: 9 }, (_, i) => step(`s${i}`)))],
    ['a step twice', manifest([step('a'), step('a')])],
    ['a step that is called as a place is', manifest([step('input')])],
    ['a step that is called as the fee is', manifest([step('fee')])],
    ['a step called __proto__', manifest([step('__proto__')])],
    ['a place of a later step', manifest([step('a', { prompt: '{{b}}' }), step('b')])],
    ['a place of itself', manifest([step('a', { prompt: '{{a}}' })])],
    ['something before there is anything', manifest([step('a', { prompt: '{{previous}}' })])],
    ['braces that are no place', manifest([step('a', { prompt: '{{ {{input}} }}' })])],
    ['code in place of a name', manifest([step('a', { prompt: '{{input.constructor}}' })])],
    ['more places than sixteen', manifest([step('a', { prompt: '{{input}}'.repeat(17) })])],
    ['a template without end', manifest([step('a', { prompt: 'x'.repeat(8_193) })])],
    ['a way by a step that chooses nothing', manifest([step('a'), step('b', { when: { step: 'a', is: ['x'] } })])],
    ['a way by a choice there is not', manifest([route, step('b', { when: { step: 'kind', is: ['x'] } }), step('c')])],
    ['a way by a later step', manifest([step('a', { when: { step: 'kind', is: ['other'] } }), route, step('b')])],
    ['choices alone', manifest([route])],
    ['a choice without an answer', manifest([route, step('a', { when: { step: 'kind', is: ['other'] } })])],
    ['fewer tokens than a choice may take', manifest([{ ...route, maxTokens: 10 }, step('b')])],
    ['one choice', manifest([step('a', { choices: ['x'] }), step('b')])],
    ['a choice twice', manifest([step('a', { choices: ['x', 'x'] }), step('b')])],
    ['a choice that is markup', manifest([step('a', { choices: ['<b>', 'x'] }), step('b')])],
    ['a fee that is less than nothing', manifest([step('a')], { fee: '-1' })],
    ['a fee beyond any sum', manifest([step('a')], { fee: (1n << 200n).toString() })],
    ['another version', manifest([step('a')], { version: 2 })],
    ['a field that is not known', manifest([step('a')], { code: 'return 1' })],
    ['a model that is a name', manifest([step('a', { model: 'elements' as never })])],
    ['tokens without end', manifest([step('a', { maxTokens: 1e9 })])],
    ['nothing', null],
    ['a list', []]
  ]
  for (const [what, value] of hostile)
    it(`is none with ${what}`, () => {
      assert.throws(() => checkManifest(value), { name: /Error/, code: /^agent\./ })
    })
  it('is none in bytes that are too many, no text or no JSON', () => {
    for (const bytes of [new Uint8Array(200_000), Uint8Array.of(0xff, 0xfe), new TextEncoder().encode('{"steps":')])
      assert.throws(() => decodeManifest(bytes), { code: 'agent.invalid' })
  })
  it('answers whichever way it goes, if every choice has an answer', () => {
    const [a, b] = ['chemistry', 'other'].map(is => step(is, { when: { step: 'kind', is: [is] } }))
    assert.equal(checkManifest(manifest([route, a, b])).steps.length, 3)
  })
  it('is told from models by its registration', () => {
    assert.ok(isAgent({ base: 'b', adapter: null, result: 'b' }))
    assert.ok(!isAgent({ base: 'b', adapter: null, result: null }))
    assert.ok(!isAgent({ base: 'b', adapter: 'a', result: 'b' }))
  })
})

describe('a template', () => {
  it('is filled once: what is put in is never read for places', () => {
    const words = (name: string): string => (name === 'input' ? '{{secret}} $& $1' : 'never')
    assert.equal(rendered('ask: {{input}}', words), 'ask: {{secret}} $& $1')
    assert.deepEqual(placesOf('{{ input }} and {{previous}}'), ['input', 'previous'])
  })
  it('has an end: what is too long is refused', () => {
    assert.throws(() => rendered('{{input}}', () => 'x'.repeat(200_000)), { code: 'agent.long' })
  })
  it('is refused before its first step where a later one might be asked too much', () => {
    const given = { input: 'x', conversation: 'x'.repeat(100_000) }
    const later = (prompt: string) => ({ steps: [step('a', { maxTokens: 4_096 }), step('b', { prompt })] })
    assert.throws(() => checkSteps(later('{{conversation}}{{a}}'), given), { code: 'agent.long' })
    assert.throws(() => checkSteps(later('{{conversation}}{{conversation}}'), given), { code: 'agent.long' })
    checkSteps(later('{{conversation}}'), given)
    checkSteps(later('{{previous}} and {{a}} for {{input}}'), given)
  })
  it('asks something: one that comes to no word is refused by name', () => {
    assert.throws(() => rendered('{{previous}}', () => ''), { code: 'agent.empty' })
    assert.equal(
      rendered('so: {{previous}}', () => ''),
      'so: '
    )
  })
  it('passes words on up to so many bytes, between characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 40 }), (text, bytes) => {
        const kept = upTo(text, bytes)
        assert.ok(text.startsWith(kept) && new TextEncoder().encode(kept).length <= bytes)
      })
    )
  })
})

describe('which step of an agent answers', () => {
  const when = (...is: string[]): Partial<AgentStep> => ({ when: { step: 'kind', is } })
  const of = (steps: readonly AgentStep[], chosen: Record<string, string> = {}): string[] =>
    steps.map((_, i) => answersBy(steps, i, new Map(Object.entries(chosen))))
  it('is the last one that is always asked', () => {
    assert.deepEqual(of([step('a'), step('b')]), ['never', 'surely'])
  })
  it('is open while a choice decides whether another comes after it', () => {
    const check = step('kind', { choices: ['ok', 'fix'] })
    const steps = [step('draft'), check, step('fix', when('fix'))]
    assert.deepEqual(of(steps), ['perhaps', 'never', 'surely'])
    assert.deepEqual(of(steps, { kind: 'fix' }), ['never', 'never', 'surely'])
    // Where one comes for each choice it is none of the answer.
    assert.deepEqual(of([...steps, step('as', when('ok'))]), ['never', 'never', 'surely', 'surely'])
  })
  it('is each of those of which a choice asks one alone', () => {
    const steps = [route, step('a', when('chemistry')), step('b', when('other'))]
    assert.deepEqual(of(steps), ['never', 'surely', 'surely'])
    const both = [route, step('a', when('chemistry', 'other')), step('b', when('other'))]
    assert.deepEqual(of(both), ['never', 'perhaps', 'surely'])
  })
  it('says nothing that does not come so, whichever way it goes', () => {
    const choice = fc.constantFrom('x', 'y', 'z')
    const kinds = fc.array(fc.constantFrom('chooses', 'says'), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(
        kinds,
        fc.array(fc.option(fc.tuple(fc.nat(), fc.uniqueArray(choice, { minLength: 1 }))), {
          minLength: 6,
          maxLength: 6
        }),
        fc.array(choice, { minLength: 6, maxLength: 6 }),
        (shapes, whens, said) => {
          const steps = shapes.map((kind, i) => {
            const choosing = shapes.flatMap((one, at) => (one === 'chooses' && at < i ? [`s${at}`] : []))
            const [at, is] = whens[i] ?? [0, undefined]
            const by = choosing[at % Math.max(1, choosing.length)]
            return step(`s${i}`, {
              ...(kind === 'chooses' ? { choices: ['x', 'y', 'z'] } : {}),
              ...(by === undefined || is === undefined ? {} : { when: { step: by, is } })
            })
          })
          const words = new Map<string, string>()
          const asked: [number, string, string][] = []
          for (const [i, one] of steps.entries()) {
            const due = one.when === undefined || one.when.is.includes(words.get(one.when.step) ?? '')
            if (due) asked.push([i, answersBy(steps, i, new Map()), answersBy(steps, i, words)])
            words.set(one.name, due && one.choices !== undefined ? (said[i] ?? '') : '')
          }
          const answer = asked.findLast(([i]) => steps[i]?.choices === undefined)?.[0]
          const last = asked.at(-1)?.[0]
          for (const [i, before, then] of asked)
            for (const says of [before, then]) {
              if (says === 'never') assert.notEqual(i, answer)
              if (says === 'surely') assert.deepEqual([i, i], [answer, last])
            }
        }
      )
    )
  })
})

describe('the money of an agent', () => {
  const offers = fc.array(fc.record({ inputPrice: fc.bigInt(0n, 1000n), outputPrice: fc.bigInt(1n, 1000n) }), {
    minLength: 1,
    maxLength: 4
  })
  const costs = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 4096 }), offers)
      .map(([input, maxTokens, all]) => costOf({ maxTokens }, input, all)),
    { minLength: 1, maxLength: 8 }
  )

  it('is held as one sum: whatever steps take within their caps, all of them and the fee are paid from it', () => {
    fc.assert(
      fc.property(
        costs,
        fc.bigInt(0n, 10_000n),
        fc.option(fc.bigInt(0n, 1n << 40n), { nil: undefined }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (of, fee, allowed, parts) => {
          const least = of.reduce((sum, one) => sum + one.least, fee)
          if (allowed !== undefined && allowed < least) {
            assert.throws(() => new AgentAccount(of, fee, allowed), { code: 'agent.price' })
            return
          }
          const account = new AgentAccount(of, fee, allowed)
          assert.ok(account.held >= least && (allowed === undefined || account.held <= allowed))
          let spent = 0n
          for (const [i, { least: own }] of of.entries()) {
            const cap = account.capOf(i)
            // Each step can be paid at the least, whatever those before it took.
            assert.ok(cap >= own)
            const takes = (cap * BigInt(Math.round((parts[i] ?? 0) * 1e6))) / 1_000_000n
            account.spend(takes)
            spent += takes
          }
          assert.ok(account.held - account.spent >= fee)
          account.spend(fee)
          assert.equal(account.spent, spent + fee)
          assert.ok(account.spent <= account.held)
          assert.throws(() => account.spend(account.held - account.spent + 1n), RangeError)
        }
      )
    )
  })

  it('covers a step whose worker fails anywhere in it, and one that goes on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 500 }),
        offers,
        fc.nat(),
        (input, maxTokens, all, at) => {
          const { most } = costOf({ maxTokens }, input, all)
          const given = at % (maxTokens + 1)
          for (const first of all)
            for (const second of all)
              // The first one may still sign for all of it.
              assert.ok(feeOf(first, input, maxTokens) + feeOf(second, input + given, maxTokens - given) <= most)
        }
      )
    )
  })

  it('counts with prompts no shorter than they come to be, whatever steps say', () => {
    const place = fc.constantFrom('{{input}}', '{{conversation}}', '{{previous}}', '{{s0}}', ' and ', 'é')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(place, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 20 })), {
          minLength: 1,
          maxLength: 4
        }),
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { minLength: 4, maxLength: 4 }),
        (shapes, input, said) => {
          const steps = shapes.map(([parts, maxTokens], i) =>
            step(`s${i}`, {
              prompt: i === 0 ? 'of {{input}}' : `of ${parts.join('')}`,
              maxTokens
            })
          )
          const conversation = `user: ${input}`
          const bounds = mostInputOf({ steps }, { input, conversation })
          const words = new Map<string, string>()
          let previous = ''
          for (const [i, one] of steps.entries()) {
            const content = rendered(one.prompt, name =>
              name === 'input'
                ? input
                : name === 'conversation'
                  ? conversation
                  : name === 'previous'
                    ? previous
                    : (words.get(name) ?? '')
            )
            assert.ok(mostInputTokens([{ content }], 0) <= (bounds[i] ?? 0))
            previous = upTo(said[i] ?? '', passedOn(one))
            words.set(one.name, previous)
          }
        }
      )
    )
  })
})
