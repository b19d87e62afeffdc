import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Route } from '../../protocol/models/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine, Ended } from './command-line.ts'
import { modelView } from './views.ts'

describe('asking on the command line', function () {
  this.timeout(60_000)
  let line: CommandLine
  const asked: {
    content: string
    messages: number
    maxPrice: string | undefined
    private: boolean
    route: Route | undefined
  }[] = []
  before(async () => {
    line = await startCommandLine({
      model: async () => modelView,
      async *ask({ body: { messages, maxPrice, route, private: confidential } }) {
        const content = messages.at(-1)?.content ?? ''
        asked.push({ content, messages: messages.length, maxPrice, private: confidential, route })
        if (messages.length > 4) throw new InvalidError('ask.long', 'elements cannot read so much at once')
        const text = `heard ${content.split('\n')[0] ?? ''}`
        yield { kind: 'text', text }
        const receipts = [`0x${'cd'.repeat(32)}`]
        yield {
          kind: 'done',
          text,
          finish: 'stop',
          inputTokens: 3,
          outputTokens: 2,
          fee: '300000000000000000',
          receipts
        }
      }
    })
  })
  beforeEach(() => asked.splice(0))
  after(() => line.stop())

  /** A command with something piped into it. */
  const piped = (input: string, ...words: string[]): Promise<Ended> => line.runWith(input, ...words)

  it('takes its question from words, from files after them, or from what is piped in', async () => {
    const file = join(line.folder, 'notes.txt')
    await writeFile(file, 'iron is Fe\n')
    const typed = await line.run('ask', '--model', 'elements', 'what is iron', '--file', file)
    assert.match(typed.stdout, /^heard what is iron\n3 \+ 2 tokens, 0\.300000000 paid/)
    assert.equal(asked[0]!.content, 'what is iron\n\niron is Fe')
    const both = await piped('what is tin\n', 'ask', '--model', 'elements', '--json', '--private', '--max-price', '0.5')
    assert.equal((JSON.parse(both.stdout) as { text: string }).text, 'heard what is tin')
    const { route, ...rest } = asked[1]!
    assert.deepEqual(rest, { content: 'what is tin', messages: 1, maxPrice: '500000000000000000', private: true })
    assert.deepEqual(route, { sort: 'balanced' })
  })

  it('asks only whom it is told to ask, and in the order it is told', async () => {
    const route = ['--only', '0xabcdef', '--only', '0x123456', '--ignore', '0xabcdef12', '--sort', 'speed']
    await line.run('ask', '--model', 'elements', 'what is tin', ...route)
    assert.deepEqual(asked[0]!.route, { only: ['0xabcdef', '0x123456'], ignore: ['0xabcdef12'], sort: 'speed' })
    const wrong = await line.run('ask', '--model', 'elements', 'what is tin', '--only', 'worker-1')
    assert.notEqual(wrong.code, 0)
    assert.match(wrong.stderr, /a worker's address, or at least 4 digits/)
  })

  it('refuses what is no question, in words, before anything is asked', async () => {
    const file = join(line.folder, 'picture.png')
    await writeFile(file, Uint8Array.of(0x89, 0xff, 0xfe))
    const long = join(line.folder, 'long.txt')
    await writeFile(long, 'x'.repeat(131_072))
    const cases: [string[], RegExp][] = [
      [['ask', '--model', 'elements', 'q', '--file', file], /picture\.png is no text/],
      [['ask', '--model', 'elements', 'q', '--file', '/nowhere.txt'], /\/nowhere\.txt cannot be read/],
      // Says of itself that it is empty, and never ends.
      [['ask', '--model', 'elements', 'q', '--file', '/dev/zero'], /\/dev\/zero has .* no question any more/],
      [['ask', '--model', 'elements', 'q', '--max-price', 'much'], /--max-price must be an amount of tokens/],
      [['ask', '--model', 'elements', 'q', '--hedge', 'soon'], /--hedge must be a whole number from 0 to 60000/],
      [['ask', '--model', 'elements', 'q', '--system', ''], /--system says nothing/],
      [['ask', '--model', 'elements', 'q', '--file', long], /the question must be a text of 1 to 131072 characters/]
    ]
    for (const [words, reason] of cases) {
      const { code, stderr } = await line.run(...words)
      assert.equal(code, 1)
      assert.match(stderr, reason)
    }
    assert.deepEqual(asked, [])
  })

  it('a conversation sends what was said before, as much of it as the model reads', async () => {
    const { stdout, stderr, code } = await piped('one\n\ntwo\nthree\n', 'chat', '--model', 'elements')
    assert.equal(code, 0, stderr)
    assert.equal(stdout, 'heard one\nheard two\nheard three\n')
    // The third had five messages, which the model would not read: without the first two it was asked again.
    assert.deepEqual(
      asked.map(({ messages }) => messages),
      [1, 3, 5, 3]
    )
    assert.match(stderr, /left out/)
  })

  it('has a budget, and can be taken up from a file', async () => {
    const history = join(line.folder, 'chat.json')
    const first = await piped(
      'one\ntwo\nthree\n',
      'chat',
      '--model',
      'elements',
      '--budget',
      '0.5',
      '--history',
      history
    )
    assert.equal(first.code, 1)
    assert.match(first.stderr, /budget of 0\.5 tokens is used up/)
    assert.deepEqual(
      asked.map(({ maxPrice }) => maxPrice),
      ['500000000000000000', '200000000000000000']
    )
    assert.equal((JSON.parse(await readFile(history, 'utf8')) as { messages: unknown[] }).messages.length, 4)
    const second = await piped('four\n', 'chat', '--model', 'elements', '--history', history, '--json')
    const { answers, fee } = JSON.parse(second.stdout) as { answers: { question: string }[]; fee: string }
    assert.deepEqual([answers.map(({ question }) => question), fee], [['four'], '300000000000000000'])
    await writeFile(history, '{"messages": [{"role": "king", "content": "x"}]}')
    assert.match(
      (await piped('five\n', 'chat', '--model', 'elements', '--history', history)).stderr,
      /role must be one of/
    )
  })
})
