import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEngine, type ChatMessage, type Engine } from '../../node/engine/index.ts'
import { temporary } from './fixture.ts'

const seedling = join(import.meta.dirname, '../../daemon/assets/seedling')
const question: ChatMessage[] = [{ role: 'user', content: 'What is the symbol of tin?' }]
/** What a regular expression of the tokenizers below takes for ever to find nothing in. */
const trap: ChatMessage[] = [{ role: 'user', content: `${'a'.repeat(60)}!` }]
const doubled = (n: number): string =>
  `{% set ns = namespace(x='abcdefgh ') %}{% for i in range(${n}) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}`

/** Chat templates that would run for hours, or want all memory; each ended a whole process or held its main thread. */
const templates = {
  'loops in loops':
    '{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}' +
    '{% endfor %}{% endfor %}{% endfor %}hi',
  'a list of all numbers': '{% for i in range(1000000000) %}{% endfor %}hi',
  'output without end':
    '{% for a in range(99999) %}{% for b in range(9999) %}aaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfor %}',
  'a text that doubles': `${doubled(40)}{{ ns.x | upper }}`,
  'a text cut into pieces': `${doubled(25)}{{ ns.x.split(' ') | length }}`,
  'a text replaced by itself': `${doubled(20)}{{ ns.x | replace('a', ns.x) | replace('b', ns.x) }}`,
  depth: `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`
}

/** Changes to tokenizer.json, each with what it was found to do. */
const tokenizers: Record<string, (json: Record<string, unknown>) => void> = {
  'a regular expression that backtracks': json => {
    json['pre_tokenizer'] = { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' }
  },
  'a decoder with a regular expression': json => {
    json['decoder'] = { type: 'Replace', pattern: { Regex: '^(a+)+$' }, content: '' }
  },
  'a decoder that puts in a book': json => {
    json['decoder'] = { type: 'Replace', pattern: { String: 'a' }, content: 'b'.repeat(1_000_000) }
  }
}

describe("strangers' templates and tokenizers", function () {
  this.timeout(240_000)
  const folder = temporary()
  let engine: Engine
  before(async () => {
    engine = openEngine({ threads: 1 })
    await engine.open(seedling)
  })
  after(async () => {
    await engine.close()
    folder.remove()
  })

  /** A copy of the model with something of its own. */
  const copy = (name: string, change: (path: string) => void): string => {
    const path = join(folder.path, name.replaceAll(' ', '-'))
    cpSync(seedling, path, { recursive: true })
    change(path)
    return path
  }
  const withTemplate = (name: string, template: string): string =>
    copy(name, path => writeFileSync(join(path, 'chat_template.jinja'), template))
  const withTokenizer = (name: string): string =>
    copy(name, path => {
      const file = join(path, 'tokenizer.json')
      const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
      tokenizers[name]?.(json)
      writeFileSync(file, JSON.stringify(json))
    })

  /** The longest time that this thread's event loop stood still, in milliseconds. */
  async function longestBlock(work: () => Promise<unknown>): Promise<number> {
    const monitor = monitorEventLoopDelay({ resolution: 5 })
    monitor.enable()
    await work()
    monitor.disable()
    return monitor.max / 1e6
  }

  it('are ended, hold no thread of the node, and leave honest models their answers', async () => {
    const hostile = [
      ...Object.entries(templates).map(([name, template]) => withTemplate(name, template)),
      ...Object.keys(tokenizers).map(withTokenizer)
    ]
    const idle = await longestBlock(() => sleep(2_000))
    let honest = 0
    const busy = await longestBlock(async () => {
      const over = new AbortController()
      const all = Promise.all(
        hostile.map(model =>
          assert.rejects(
            engine.generate({ model, messages: trap, settings: { maxTokens: 1, temperature: 0, seed: 1 } }).result,
            ({ code }: { code: string }) => /^(chat-template|tokenizer-|sandbox\.)/.test(code),
            model
          )
        )
      ).finally(() => {
        over.abort()
      })
      while (!over.signal.aborted) {
        const { ids } = await engine.generate({
          model: seedling,
          messages: question,
          settings: { maxTokens: 4, temperature: 0, seed: 1 }
        }).result
        assert.ok(ids.length > 0)
        honest++
        await sleep(50)
      }
      await all
    })
    assert.ok(honest > 3, `${honest} honest answers meanwhile`)
    // One of these held the thread for 20 seconds, or for ever.
    assert.ok(busy < Math.max(1_000, 10 * idle), `blocked for ${busy.toFixed(0)} ms, idle ${idle.toFixed(0)} ms`)
  })

  it('are refused for a while once they were ended, at once', async () => {
    const model = join(folder.path, 'loops-in-loops')
    await assert.rejects(engine.text.prompt(model, question), { code: 'sandbox.barred' })
  })

  it('cost an honest prompt one round trip to a process of its own', async () => {
    const prompt = await engine.text.prompt(seedling, question)
    const text = engine.text.text(seedling, ['tin'])
    assert.equal((await text.push(prompt)).includes('What is the symbol of '), true)
    assert.equal(await text.finish(), '')
  })

  it('are read by processes that know nothing of the passphrase', async () => {
    process.env['TILTH_PASSPHRASE'] = 'correct horse'
    try {
      const fresh = openEngine({ threads: 1 })
      await fresh.text.open(seedling)
      const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)], { encoding: 'utf8' })
      for (const pid of children.split('\n').map(Number)) {
        if (!(pid > 0)) continue
        try {
          assert.ok(!readFileSync(`/proc/${pid}/environ`, 'utf8').includes('correct horse'))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        }
      }
      await fresh.close()
    } finally {
      delete process.env['TILTH_PASSPHRASE']
    }
  })

  it('see the day that they are told, the same on every machine', async () => {
    const model = withTemplate('dates', "{{ strftime_now('%d %B %Y, %-d.%-m.') }}")
    const said = async (day?: number): Promise<string> =>
      engine.decode(model, await engine.text.prompt(model, question, day))
    assert.equal(await said(20_785), '28 November 2026, 28.11.')
    assert.equal(await said(), '01 January 2026, 1.1.')
    const scored = (job: { model: string; day?: number }): Promise<number[][]> =>
      engine.score({ adapters: [null], messages: question, answerIds: [5, 6, 7], ...job })
    const fixed = withTemplate('no dates', '28 November 2026, 28.11.')
    assert.deepEqual(await scored({ model, day: 20_785 }), await scored({ model: fixed }))
    assert.notDeepEqual(await scored({ model }), await scored({ model: fixed }))
  })
})
