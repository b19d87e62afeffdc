import assert from 'node:assert/strict'
import { createSpelling } from '../../../node/models/client/spelling.ts'
import type { Growing } from '../../../node/models/client/spelling.ts'
import { Form } from '../../../protocol/form/index.ts'
import { captureLog } from '../../harness/index.ts'

describe('an answer that has to be of a form', () => {
  const form = new Form(JSON.stringify({ json: { type: 'array', items: { type: 'integer' } } }))
  const begin = (): { growing: Growing; emitted: string[] } => {
    const emitted: string[] = []
    const growing: Growing = { ids: [], text: '', own: undefined, form, emit: text => void emitted.push(text) }
    return { growing, emitted }
  }

  it('is given out as far as it is, and another worker goes on from there', async () => {
    const { growing, emitted } = begin()
    const lies: string[] = []
    const first = createSpelling(growing, captureLog().log, ({ code }) => void lies.push(code))
    const say = async (ids: number[], text: string, spelling = first): Promise<void> => {
      growing.ids.push(...ids)
      spelling.add(ids, text)
      await spelling.done()
    }
    await say([1, 2], '[1')
    await say([3], ', 2')
    await assert.rejects(say([4, 5], ' or so'), { code: 'answer.form' })
    assert.deepEqual([growing.ids, growing.text, emitted, lies], [[1, 2, 3], '[1, 2', ['[1', ', 2'], ['answer.form']])
    const second = createSpelling(growing, captureLog().log, ({ code }) => void lies.push(code))
    await say([6], ', 3]', second)
    assert.deepEqual([growing.ids, growing.text, lies.length], [[1, 2, 3, 6], '[1, 2, 3]', 1])
  })
})
