import assert from 'node:assert/strict'
import { inferenceContent } from '../../../protocol/models/index.ts'
import { hasFewMarks, keccak, mostMarks } from '../../../protocol/primitives/index.ts'

const asking = (content: string) => ({
  nonce: keccak('a nonce'),
  day: 20_000,
  messages: [{ role: 'user', content }],
  maxTokens: 16,
  temperature: 0,
  topK: 0,
  topP: 1,
  stop: [],
  resume: []
})
/** Two kinds of marks, each of which goes before the other: to put n of them in order takes n\u00b2 steps. */
const marked = (count: number, kinds = '\u0301\u0323'): string => `a${kinds.repeat(count / 2)}`

describe('models: what is asked', () => {
  it('has no letter with so many marks that to order them ends a tokenizer, and bars its model', () => {
    for (const text of ['What is gold?', 'ยิ้ม ผู้ ที่'.repeat(10_000), marked(30).repeat(4_000), marked(mostMarks)])
      assert.ok(inferenceContent.safeParse(asking(text)).success)
    for (const text of [marked(mostMarks + 2), `x ${marked(130_000)}`, marked(4_000, '\uff9e\u0323')]) {
      const read = inferenceContent.safeParse(asking(text))
      assert.match(read.error?.issues[0]?.message ?? '', /at most 1024 marks on one letter/)
    }
  })

  it('has as many marks as there are, also of those that are written as two units each', () => {
    const many = (count: number): string => `a${'\u{1e8d0}'.repeat(count)}`
    assert.ok(hasFewMarks(many(mostMarks)))
    assert.equal(hasFewMarks(many(mostMarks + 1)), false)
  })

  it('is looked through once, however marks lie in it', () => {
    for (let i = 0; i < 20; i++) assert.ok(hasFewMarks(marked(mostMarks).repeat(400)))
  })
})
