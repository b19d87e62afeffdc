import assert from 'node:assert/strict'
import {
  costOf,
  emptyThread,
  messagesFor,
  mostTurns,
  wayOf,
  withChange,
  withChoice,
  withTurn
} from '../../web-console/models/chat/thread.ts'
import type { Thread, Turn } from '../../web-console/models/chat/thread.ts'

const user = (id: string, parent: string | null, text = id): Turn => ({ id, parent, role: 'user', text, at: 1 })
const answer = (id: string, parent: string, fee = '5'): Turn => ({
  id,
  parent,
  role: 'assistant',
  text: id,
  at: 2,
  answer: { state: 'done', fee, receipts: [] }
})
const shown = (thread: Thread): string[] => wayOf(thread).map(({ turn }) => turn.id)
const talk = [user('q1', null), answer('a1', 'q1'), user('q2', 'a1'), answer('a2', 'q2')].reduce(
  withTurn,
  emptyThread('t', 'model', 'birds', 0)
)

describe('a conversation', () => {
  it('shows one way; what is edited stands beside it, with what followed', () => {
    const edited = withTurn(withTurn(talk, user('q2b', 'a1')), answer('a2b', 'q2b'))
    assert.deepEqual(shown(edited), ['q1', 'a1', 'q2b', 'a2b'])
    assert.deepEqual(wayOf(edited)[2]?.versions, ['q2', 'q2b'])
    assert.deepEqual(shown(withChoice(edited, 'a1', 'q2')), ['q1', 'a1', 'q2', 'a2'])
    const again = withTurn(edited, answer('a1b', 'q1'))
    assert.deepEqual(shown(again), ['q1', 'a1b'])
    assert.equal(costOf(again), 20n)
  })

  it('tells the model the way up to a question, with the system prompt, and no more than a request takes', () => {
    assert.deepEqual(
      messagesFor(talk, 'q2', ' Be short. ').map(({ role, content }) => [role, content]),
      [
        ['system', 'Be short.'],
        ['user', 'q1'],
        ['assistant', 'a1'],
        ['user', 'q2']
      ]
    )
    let long = emptyThread('t', 'model', 'birds', 0)
    for (let n = 0, parent: string | null = null; n < 100; n++, parent = `a${n - 1}`) {
      long = withTurn(long, user(`q${n}`, parent))
      long = withTurn(long, answer(`a${n}`, `q${n}`))
    }
    const told = messagesFor(long, 'q99', 'Be short.')
    assert.ok(told.length <= 64)
    assert.deepEqual([told[1]?.role, told.at(-1)?.content], ['user', 'q99'])
    // What never came is no message.
    const failed = withChange(talk, 'a1', turn => ({ ...turn, text: '' }))
    assert.equal(messagesFor(failed, 'q2', '').length, 2)
  })

  it('lets the ways go that are not shown, once it is too long', () => {
    let long = emptyThread('t', 'model', 'birds', 0)
    for (let n = 0; n <= mostTurns; n++) long = withTurn(long, user(`q${n}`, null))
    assert.equal(long.turns.length, 2)
    assert.deepEqual(shown(long), [`q${mostTurns}`])
  })
})
