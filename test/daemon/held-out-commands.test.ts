import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BatchView, QuestionsView } from '../../daemon/api/contract/index.ts'
import { scopesFor } from '../../daemon/api/contract/scopes.ts'
import { startCommandLine } from './command-line.ts'
import { datanetView } from './views.ts'

const net = datanetView({ roles: ['validator'] })
const hash = (digit: string): string => `0x${digit.repeat(64)}`
const account = (digit: string): string => `0x${digit.repeat(40)}`
const batch = (more: Partial<BatchView>): BatchView => ({
  batch: hash('a'),
  datanet: net.id,
  writer: account('1'),
  state: 'asked',
  version: null,
  consent: 1,
  against: 0,
  total: 3,
  spoke: [],
  questions: 4,
  fault: null,
  until: null,
  ...more
})

describe('the command line: held-out questions', function () {
  this.timeout(120_000)

  it('are written, listed, read, agreed to and opened', async () => {
    const view: QuestionsView = {
      datanet: net.id,
      batches: [
        batch({ fault: { fault: 'answered', words: 'an accepted row asks it', question: 2 } }),
        batch({ batch: hash('b'), state: 'due', version: 2, questions: null })
      ],
      judging: {
        version: 1,
        batches: 2,
        open: 2,
        writers: [
          { writer: null, questions: 2 },
          { writer: account('1'), questions: 1 }
        ]
      }
    }
    const said: unknown[] = []
    const answer = (name: string, result: unknown) => async (input: { body?: unknown; params?: unknown }) => {
      said.push([name, input.body ?? input.params])
      return result as never
    }
    const cli = await startCommandLine({
      datanets: async () => ({ items: [net], next: null }),
      datanet: async () => net,
      questions: async () => view,
      putQuestions: answer('put', { batch: hash('c'), questions: 2, transaction: hash('d') }),
      batchQuestions: answer('show', {
        questions: [
          {
            messages: [
              { role: 'user', content: 'What is \u001b[31mheld?' },
              { role: 'assistant', content: 'Out' }
            ]
          }
        ]
      }),
      speakOnQuestions: answer('speak', { transaction: hash('d'), version: 3 }),
      openQuestions: answer('open', { transaction: hash('d') })
    })
    try {
      const run = async (...words: string[]): Promise<string> => {
        const { code, stdout, stderr } = await cli.run('datanet', 'held-out', ...words)
        assert.equal(code, 0, stderr)
        return stdout
      }
      const list = await run('list', net.name)
      assert.match(list, /version 1 is judged by 3 questions: 2 by its founder, public, 1 by 0x1111/)
      assert.match(
        list,
        /4 questions by 0x1111.*validators decide\n.*1 of 3.*\n.*question 2: .*an accepted row asks it/
      )
      assert.match(list, /to be opened: its version is anchored \(version 2\)/)
      assert.deepEqual(JSON.parse(await run('list', net.name, '--json')), view)

      const file = join(cli.folder, 'questions.csv')
      await writeFile(file, 'question,answer\nWhat is held?,Out\nWhat else?,In\n')
      assert.match(await run('write', net.name, file), /2 questions put as 0xccc/)
      assert.match(await run('accept', net.name), /accepted: they judge version 3/)
      assert.match(await run('open', net.name), /everybody can read them/)
      const shown = await run('show', net.name, '0xb')
      assert.match(shown, /user: What is .*held\?\nassistant: Out/)
      assert.ok(!shown.includes('\u001b[31m'), 'no word of a stranger reaches the terminal as it is')
      assert.deepEqual(said.slice(1), [
        ['speak', { batch: hash('a'), consents: true }],
        ['open', { batch: hash('b') }],
        ['show', { id: net.id, batch: hash('b') }]
      ])
      const which = await cli.run('datanet', 'held-out', 'show', net.name)
      assert.notEqual(which.code, 0)
      assert.match(which.stderr, /say which/)
    } finally {
      await cli.stop()
    }
  })

  it('sealed ones are the owner’s alone to read: a key that reads does not', () => {
    assert.deepEqual(scopesFor('batchQuestions'), [])
    assert.deepEqual(scopesFor('questions'), ['read'])
    assert.deepEqual(scopesFor('speakOnQuestions'), ['operate'])
  })
})
