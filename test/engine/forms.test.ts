import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { Form, callBegins, callEnds } from '../../protocol/form/index.ts'
import { openEngine, type Engine, type GenerateSettings } from '../../node/engine/index.ts'
import { createGuides, Guide } from '../../node/engine/form/index.ts'
import { Vocabulary } from '../../node/engine/form/vocabulary.ts'
import { nextToken } from '../../node/engine/serve/index.ts'
import { Tokenizer } from '../../node/engine/text/index.ts'
import { Random } from '../../node/engine/weights/random.ts'
import { anySchema, isValid } from '../protocol/form/schemas.ts'
import { modelFolder, temporary, vectors } from './fixture.ts'

const tokenizer = Tokenizer.load(join(vectors, 'tokenizer'))
const end = tokenizer.endId ?? -1
const tokens = tokenizer.tokenBytes(512).map((bytes, id) => (id === end ? undefined : bytes))
const guide = createGuides(() => tokens)
const formOf = (json: unknown): string => JSON.stringify({ json })

/** An answer of tokens whose scores are drawn, with no model behind them. */
const drawn = (form: string, seed: number, settings: Partial<GenerateSettings> = {}): { text: string; ids: number[] } =>
  drawnBy(guide(form), seed, settings)

function drawnBy(by: Guide, seed: number, settings: Partial<GenerateSettings>): { text: string; ids: number[] } {
  const all: GenerateSettings = { maxTokens: 60, temperature: 1, seed, ...settings }
  const random = new Random(seed, 5)
  const guided = by.begin([])
  const ids: number[] = []
  while (ids.length < all.maxTokens && !guided.isOver) {
    const logits = Float32Array.from({ length: 512 }, () => 4 * random.normal())
    const id = nextToken(guided.scores(logits, all.maxTokens - ids.length, new Set([end])), all, ids.length, ids)
    if (id === end) break
    guided.take(id)
    ids.push(id)
  }
  return { text: tokenizer.decode(ids), ids }
}

describe('answers of a form', function () {
  this.timeout(60_000)

  it('are valid by their schema whatever the model’s scores say, and whole within the tokens they may have', () => {
    fc.assert(
      fc.property(anySchema, fc.nat(), fc.constantFrom(0, 1, 3), (schema, seed, temperature) => {
        const form = new Form(formOf(schema))
        for (const spare of [30, 0]) {
          const maxTokens = form.least(form.begin) + spare
          const { text } = drawn(formOf(schema), seed, { temperature, maxTokens, topP: 0.9 })
          assert.ok(isValid(JSON.parse(text), schema), `${text} by ${JSON.stringify(schema)}`)
        }
      }),
      { numRuns: 40 }
    )
  })

  it('are calls of the tools that are offered, or another text', () => {
    const parameters = { type: 'object', properties: { bird: { enum: ['wren', 'stork'] } }, required: ['bird'] }
    const calls = [{ name: 'look_up', parameters }]
    for (let seed = 0; seed < 5; seed++) {
      const { text } = drawn(JSON.stringify({ calls, must: true }), seed, { maxTokens: 120 })
      assert.match(
        text,
        /^<tool_call>\n\{"name": ?"look_up", ?"arguments": ?\{"bird": ?"(wren|stork)"\}\}\n<\/tool_call>$/
      )
      assert.ok(text.startsWith(callBegins) && text.endsWith(callEnds))
      assert.ok(!drawn(JSON.stringify({ calls, must: false }), seed).text.startsWith('<tool_call>!'))
    }
  })

  it('go on from what is there of them, and from nothing that is of another form', () => {
    const form = formOf({ type: 'array', items: { type: 'integer' }, minItems: 3, maxItems: 3 })
    const { ids } = drawn(form, 3)
    assert.ok(guide(form).begin(ids).isOver)
    assert.throws(() => guide(form).begin(tokenizer.encode('{"a"')), { code: 'form-resume' })
    assert.throws(() => guide(form).begin([end]), { code: 'form-resume' })
  })

  it('are whole in time wherever else in the same long string another answer of the form was before', () => {
    const form = formOf({ type: 'string', minLength: 200 })
    const lacked = new Form(form).least(new Form(form).begin)
    const one = (text: string): number => tokens.findIndex(bytes => Buffer.from(bytes ?? []).toString() === text)
    guide(form)
      .begin(tokenizer.encode(`"${'wren '.repeat(35)}`))
      .scores(new Float32Array(512), 60, new Set([end]))
    const begun = guide(form).begin([one('"')])
    const scores = (left: number): Float32Array => begun.scores(new Float32Array(512), left, new Set([end]))
    // The quote is said. A character is a byte at least, and an escape two.
    assert.equal(scores(lacked - 1)[one('\\')], -Infinity)
    assert.equal(scores(lacked)[one('\\')], 0)
    for (let seed = 0; seed < 4; seed++) {
      const { text } = drawn(form, seed, { maxTokens: lacked + (seed % 3) })
      assert.ok(Array.from(JSON.parse(text) as string).length >= 200, text)
    }
  })

  it('are whole in time where only some of many ways can still be ended', () => {
    const text = { type: ['string', 'null'] }
    const form = formOf({ anyOf: [text, text, text, true] })
    for (let seed = 0; seed < 8; seed++) {
      const { text: said } = drawn(form, seed, { maxTokens: 1 })
      assert.equal(typeof JSON.parse(said), 'number', said)
    }
  })

  it('are looked for no oftener where little of an answer is left', () => {
    let steps = 0
    class Counted extends Form {
      override next(...of: Parameters<Form['next']>): ReturnType<Form['next']> {
        steps++
        return super.next(...of)
      }
    }
    const form = formOf({ type: 'string', minLength: 400 })
    const lacked = new Form(form).least(new Form(form).begin)
    const vocabulary = new Vocabulary(tokens)
    const [tight, roomy] = [0, 4_000].map(more => {
      steps = 0
      drawnBy(new Guide(new Counted(form), vocabulary), 1, { maxTokens: lacked + more })
      return steps
    })
    assert.ok(tight! < 2 * roomy! + vocabulary.bytes.length, `${tight} steps with none to spare, ${roomy} with many`)
  })

  it('need a token for each letter', () => {
    const lacking = createGuides(() =>
      tokens.map(bytes => (bytes?.length === 1 && bytes[0] === 0x7b ? undefined : bytes))
    )
    assert.throws(() => lacking(formOf(true)), { code: 'form-tokens', message: /\{ alone/ })
  })

  it('of many ways through long stretches are looked for within bounds', () => {
    const many = formOf({
      anyOf: Array.from({ length: 60 }, (_, i) => ({
        type: 'object',
        properties: { a: { type: 'string', minLength: i }, b: { const: i } },
        required: ['a', 'b']
      }))
    })
    for (let seed = 0; seed < 2; seed++) {
      const { a, b } = JSON.parse(drawn(many, seed, { maxTokens: 200 }).text) as { a: string; b: number }
      assert.ok(Array.from(a).length >= b)
    }
  })

  describe('of a model', () => {
    let files: ReturnType<typeof temporary>
    let engine: Engine
    let model = ''
    before(() => {
      files = temporary()
      model = modelFolder(files.path)
      engine = openEngine({ threads: 1 })
    })
    after(async () => {
      await engine.close()
      files.remove()
    })
    const messages = [{ role: 'user' as const, content: 'Hi' }]
    const settings = { maxTokens: 40, temperature: 0.8, seed: 4 }
    const schema = {
      type: 'object',
      properties: { name: { type: 'string', maxLength: 12 }, right: { type: 'boolean' } },
      required: ['name', 'right']
    }
    const form = formOf(schema)

    it('are given, end by themselves, and are the same when they are taken up again', async () => {
      const whole = await engine.generate({ model, messages, settings: { ...settings, form } }).result
      assert.equal(whole.finish, 'stop')
      assert.ok(isValid(JSON.parse(whole.text), schema), whole.text)
      const resumeIds = whole.ids.slice(0, 5)
      const again = await engine.generate({ model, messages, resumeIds, settings: { ...settings, form } }).result
      assert.deepEqual(again.ids, whole.ids)
      const over = await engine.generate({ model, messages, resumeIds: whole.ids, settings: { ...settings, form } })
        .result
      assert.deepEqual([over.ids, over.finish], [whole.ids, 'stop'])
    })

    it('change nothing of answers beside them', async () => {
      const free = (): Promise<{ ids: number[] }> => engine.generate({ model, messages, settings }).result
      const alone = await free()
      const [beside] = await Promise.all([
        free(),
        engine.generate({ model, messages, settings: { ...settings, form } }).result
      ])
      assert.deepEqual(beside.ids, alone.ids)
    })

    it('are refused where the form is none', async () => {
      await assert.rejects(engine.generate({ model, messages, settings: { ...settings, form: '{}' } }).result, {
        code: 'form.invalid'
      })
    })
  })
})
