import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { EventEmitter } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { Typing, questionTyped } from '../../daemon/cli/chat/typing.ts'
import type { Keys } from '../../daemon/cli/chat/typing.ts'
import { until } from '../harness/index.ts'
import { main, startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { modelView } from './views.ts'

const receipt = `0x${'cd'.repeat(32)}`
const pasted = (text: string): string => `\x1b[200~${text}\x1b[201~`

/** A terminal of its own, as script(1) makes one: what is written into it is typed. */
function terminal(words: readonly string[], columns: number) {
  const line = ['node', main, ...words].map(word => `'${word}'`).join(' ')
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows 24; exec ${line}`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` }
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  const ended = new Promise<number | null>(resolve => {
    child.on('close', resolve)
  })
  return {
    shown: () => shown,
    type: (text: string) => child.stdin.write(text),
    sees: (text: string, times = 1) =>
      until(() => shown.split(text).length > times, `${JSON.stringify(text)} in ${JSON.stringify(shown)}`),
    /** Nothing comes any more, and the cursor stands behind the prompt. */
    prompted: () => until(() => shown.endsWith('› \x1b[0m\x1b[3G'), `a prompt in ${JSON.stringify(shown)}`),
    ended,
    end: () => child.kill('SIGKILL')
  }
}

describe('a conversation at a terminal', function () {
  this.timeout(60_000)
  let line: CommandLine
  let asked: string[] = []
  const going = new Map<string, () => void>()
  const stopped = new Set<string>()
  before(async function () {
    if (!existsSync('/usr/bin/script')) this.skip()
    line = await startCommandLine({
      model: async () => modelView,
      async *ask({ body: { messages, name = '' } }) {
        const content = messages.at(-1)?.content ?? ''
        asked.push(content)
        yield { kind: 'text', text: ` about ${content.split('\n')[0] ?? ''}: ` }
        // It goes on when the test says so, or its reader has had enough.
        await new Promise<void>(resolve => {
          going.set(content, resolve)
          if (content.startsWith('quick')) resolve()
        })
        const text = stopped.has(name) ? 'no more' : '漢字 e\u0301'
        yield { kind: 'text', text }
        const finish = stopped.has(name) ? 'cancelled' : 'stop'
        yield { kind: 'done', text, finish, inputTokens: 3, outputTokens: 2, fee: '5000', receipts: [receipt] }
      },
      async stopAsk({ params: { name } }) {
        stopped.add(name)
        for (const go of going.values()) go()
        return { stopped: true }
      }
    })
  })
  beforeEach(() => {
    asked = []
    going.clear()
  })
  after(() => line?.stop())

  it('keeps what is typed ahead out of the answer, cuts one off, takes pasted lines as one question', async () => {
    const history = join(line.folder, 'history.json')
    const { shown, type, sees, prompted, ended, end } = terminal(
      ['chat', '--model', 'elements', '--history', history, ...line.flags],
      28
    )
    try {
      await sees('› ')
      type('slow 什么是铁的符号 什么是铁的符号\r')
      await sees('about slow')
      type('quick ahead')
      type('\r')
      await until(() => going.size === 1, 'it is asked')
      assert.ok(!shown().includes('quick ahead'), 'what is typed meanwhile is not shown in the answer')
      going.get(asked[0] ?? '')?.()
      await sees('about quick ahead')
      await prompted()
      assert.deepEqual(asked, ['slow 什么是铁的符号 什么是铁的符号', 'quick ahead'])

      type('endless\r')
      await sees('about endless')
      type('\x03')
      await sees('(cut off) 3 + 2 tokens')
      await prompted()

      type('dropped')
      await sees('dropped')
      type('\x03')
      await prompted()
      type(pasted('quick one\r\n\ttwo\nthree'))
      await sees('quick one⏎  two⏎three')
      type('\r')
      await sees('about quick one')
      await prompted()
      assert.equal(asked.at(-1), 'quick one\n  two\nthree')

      type('\x03')
      await sees('once more, or Ctrl-D')
      await prompted()
      type('\x03')
      assert.equal(await ended, 0)
      assert.ok(shown().trimEnd().endsWith('\x1b[?2004l'), 'the terminal is as it was')
      const kept = JSON.parse(await readFile(history, 'utf8')) as { messages: { role: string; content: string }[] }
      assert.deepEqual(
        kept.messages.map(({ role }) => role[0]).join(''),
        'uauauaua',
        'what came of the one that was cut off is kept'
      )
    } finally {
      end()
    }
  })
})

describe('what is typed at a terminal', () => {
  it('is given on line by line, however it is cut into pieces', async () => {
    const words = fc.array(fc.constantFrom('a', 'é', '漢', '👩‍🔬', '\x1b[D', ' ', '\t', 'line'), { maxLength: 5 })
    const typed = fc.record({ text: words.map(all => all.join('')), isPasted: fc.boolean(), more: words })
    await fc.assert(
      fc.asyncProperty(fc.array(typed, { maxLength: 5 }), fc.infiniteStream(fc.nat(7)), async (lines, cuts) => {
        const all = lines
          .map(({ text, isPasted, more }) => `${isPasted ? pasted(`${text}\r\n${more.join('')}`) : text}\r`)
          .join('')
        const keys = Object.assign(new EventEmitter(), { pause: () => undefined, resume: () => undefined })
        const typing = new Typing(keys as unknown as Keys)
        const bytes = Buffer.from(all)
        for (let at = 0; at < bytes.length;) {
          const size = 1 + cuts.next().value
          keys.emit('data', bytes.subarray(at, at + size))
          at += size
        }
        const given: string[] = []
        for (let n = 0; n < lines.length; n++) {
          typing.next()
          let line = ''
          for (let key: Buffer | null; (key = typing.read() as Buffer | null) !== null;) line += key.toString()
          given.push(line)
        }
        const visible = (text: string): string => text.replaceAll('\x1b', '').replaceAll('\t', '  ')
        assert.deepEqual(
          given.map(line => questionTyped(line)),
          lines.map(({ text, isPasted, more }) =>
            (isPasted ? `${visible(text)}\n${visible(more.join(''))}` : text).trim()
          )
        )
      }),
      { numRuns: 100 }
    )
  })
})
