import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import { inspect } from 'node:util'
import { newAdapter, writeAdapter } from '../../../node/engine/adapters/index.ts'
import { openEngine, readConfig } from '../../../node/engine/index.ts'
import type { Answerer, Backends } from '../../../node/engine/backend/index.ts'
import type { Engine, GeneratedToken } from '../../../node/engine/types.ts'
import { describeError } from '../../../protocol/primitives/index.ts'
import type { Log } from '../../../node/runtime/index.ts'
import { captureLog, until } from '../../harness/index.ts'
import { startServer } from '../../harness/engine/server.ts'
import type { TestServer } from '../../harness/engine/server.ts'
import { temporary } from '../fixture.ts'
import { backendsAt } from './backends.ts'

const model = resolve('daemon/assets/seedling')
const base = { cid: 'bafy-base', folder: model }
const key = 'sk-geheim-5f1c'
const completions = 'v1/completions'

describe('servers that do not answer as they should', () => {
  let engine: Engine
  let server: TestServer
  let backends: Backends
  const at = temporary()
  let log: Log
  let lines: string[]
  before(() => {
    engine = openEngine({ threads: 1, provider: 'cpu' })
  })
  after(async () => {
    await engine.close()
    at.remove()
  })
  beforeEach(async () => {
    server = await startServer({ kind: 'vllm', engine, model, key })
    ;({ log, lines } = captureLog())
    backends = backendsAt(server.url, engine, { key: async () => key, silenceMs: 400, concurrency: 2 }, log)
  })
  afterEach(async () => {
    backends.stop()
    await server.stop()
  })

  /** The tokens that came, and what ended them. */
  async function asked(answerer: Answerer, maxTokens = 6) {
    const generation = answerer.generate({
      model,
      prompt: 'A heron is',
      settings: { maxTokens, temperature: 0, seed: 1 }
    })
    const tokens: GeneratedToken[] = []
    try {
      for await (const token of generation) tokens.push(token)
      return { tokens, ...(await generation.result), error: undefined }
    } catch (error) {
      await assert.rejects(generation.result)
      return { tokens, ids: [], finish: undefined, error: error as Error & { code?: string } }
    }
  }
  const spoiled = (spoil: (response: ServerResponse) => void): void => {
    server.options = {
      ...server.options,
      spoil: (path, response) => {
        if (path !== completions) return false
        spoil(response)
        return true
      }
    }
  }
  const chunk = (ids: readonly number[], more: object = {}): string => {
    const choice = { index: 0, text: '', logprobs: null, finish_reason: null, token_ids: ids, ...more }
    return `data: ${JSON.stringify({ choices: [choice] })}\n\n`
  }

  const faults: readonly [string, (response: ServerResponse) => void, string, number | undefined][] = [
    ['sends what is no JSON', response => response.end('data: {"choices": [}\n\n'), 'backend-answer', 0],
    ['sends another JSON', response => response.end('data: {"choices": "none"}\n\n'), 'backend-answer', 0],
    ['sends a token that is none', response => response.end(chunk([5, 99_999])), 'backend-tokens', 0],
    ['sends a page', response => response.end('<html><body>502</body></html>'), 'backend-away', 0],
    [
      'sends a line without end',
      response => {
        const more = (): void => {
          if (!response.destroyed) response.write('x'.repeat(1 << 16), () => setImmediate(more))
        }
        response.write('data: ')
        more()
      },
      'backend-answer',
      0
    ],
    [
      'sends bytes that are no tokens, for ever',
      response => {
        const timer = setInterval(() => response.write(': still here\n\n'), 50)
        response.on('close', () => clearInterval(timer))
      },
      'backend-silent',
      0
    ],
    [
      'sends events without tokens, for ever',
      response => {
        const timer = setInterval(() => response.write(chunk([])), 50)
        response.on('close', () => clearInterval(timer))
      },
      'backend-silent',
      0
    ],
    [
      'dies in the middle',
      response => {
        response.write(chunk([5]))
        response.write(chunk([6]), () => setTimeout(() => response.destroy(), 20))
      },
      'backend-away',
      undefined // a connection that is reset may take along what was sent
    ],
    ['ends without an end', response => response.end(chunk([5, 6])), 'backend-away', 2],
    [
      'gives up in the middle',
      response => {
        response.write(chunk([5]))
        response.end(`data: ${JSON.stringify({ error: { message: 'CUDA out of memory', code: 500 } })}\n\n`)
      },
      'backend-failed',
      1
    ],
    [
      'is overloaded',
      response => response.writeHead(503, { 'content-type': 'text/plain' }).end('busy'),
      'worker.busy',
      0
    ],
    [
      'refuses',
      response => response.writeHead(400).end('{"error": {"message": "max_tokens is too large"}}'),
      'backend-refused',
      0
    ]
  ]
  it('each fault is a typed error behind the tokens that came, and the server is asked again afterwards', async () => {
    const answerer = await backends.open({ base })
    for (const [what, spoil, code, before] of faults) {
      spoiled(spoil)
      const { error, tokens } = await asked(answerer)
      assert.equal(error?.code, code, `${what}: ${describeError(error)}`)
      if (before !== undefined) assert.equal(tokens.length, before, what)
      assert.equal(backends.status()[0]?.running, 0, what)
    }
    const [{ failures } = { failures: 0 }] = backends.status()
    assert.equal(failures, faults.length - 1) // to be overloaded is none
    const { spoil: _spoil, ...honest } = server.options
    server.options = honest
    await backends.check('rack')
    assert.equal(answerer.away(), undefined)
  })

  it('what it gives beyond what was asked for is not taken, and an endless answer is ended', async () => {
    const answerer = await backends.open({ base })
    let closed = false
    spoiled(response => {
      const timer = setInterval(() => response.write(chunk([5, 6, 7, 8])), 1)
      response.on('close', () => {
        closed = true
        clearInterval(timer)
      })
    })
    const { ids, finish, error } = await asked(answerer)
    assert.equal(error, undefined)
    assert.deepEqual([ids, finish], [[5, 6, 7, 8, 5, 6], 'length'])
    await until(() => closed, 'its place is free')
  })

  it('says no key: neither in an error, nor in the log, nor in what the owner sees', async () => {
    server.options = { ...server.options, key: 'another' }
    await assert.rejects(backends.open({ base }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'backend-key')
      assert.match(describeError(error), /Invalid API key/)
      assert.doesNotMatch(describeError(error), /geheim/)
      return true
    })
    assert.ok(lines.length > 0)
    assert.doesNotMatch(lines.join('\n'), /geheim/)
    assert.doesNotMatch(JSON.stringify(backends.status()), /geheim/)
    assert.equal(backends.status()[0]?.state, 'refused')
  })

  it('says no key that a server repeats in the middle of an answer', async () => {
    const answerer = await backends.open({ base })
    const header = `Authorization: Bearer ${key}`
    const told = [
      `data: ${JSON.stringify({ error: { message: `CUDA out of memory (${header})` } })}\n\n`,
      `data: ${JSON.stringify({ error: { at: header } })}`,
      `data: {${header}}\n\n`,
      chunk([5], { logprobs: { tokens: [], token_logprobs: [], top_logprobs: [{ [header]: 'none' }] } })
    ]
    for (const line of told) {
      spoiled(response => response.end(line))
      const { error } = await asked(answerer)
      assert.match(error?.code ?? '', /^backend-(failed|answer)$/)
      assert.doesNotMatch(inspect(error), /geheim/)
      if (line === told[0]) assert.match(describeError(error), /CUDA out of memory/)
    }
    assert.ok(lines.length > 0)
    assert.doesNotMatch(lines.join('\n'), /geheim/)
    assert.doesNotMatch(JSON.stringify(backends.status()), /geheim/)
  })

  it('takes no key to another address', async () => {
    const elsewhere = await startServer({ kind: 'vllm', engine, model })
    try {
      server.options = {
        ...server.options,
        spoil: (path, response) => {
          response.writeHead(307, { location: `${elsewhere.url}/${path}` }).end()
          return true
        }
      }
      await assert.rejects(backends.open({ base }), { code: 'backend-away' })
      assert.equal(elsewhere.asked.length, 0)
    } finally {
      await elsewhere.stop()
    }
  })

  it('of another model it is refused: by its answers, by its tokens, and by prompts that it changes', async () => {
    const wrong = {
      ...server.options,
      token: (token: GeneratedToken) => ({ ...token, logprob: (token.logprob ?? 0) - 1 })
    }
    server.options = wrong
    await assert.rejects(backends.open({ base }), { code: 'backend-differs' })
    server.options = { ...wrong, token: token => ({ ...token, id: (token.id + 1) % 4096 }) }
    await assert.rejects(backends.open({ base }), { code: 'backend-differs' })
    const { token: _token, ...honest } = wrong
    server.options = {
      ...honest,
      spoil: (path, response) => {
        if (path === 'tokenize') response.end('{"tokens": [1, 2, 3]}')
        return path === 'tokenize'
      }
    }
    await assert.rejects(backends.open({ base }), { code: 'backend-tokens' })
    server.options = honest
    await backends.open({ base })
  })

  it('that leaves an adapter away is refused', async () => {
    const adapter = { cid: 'bafy-adapter', folder: join(at.path, 'adapter') }
    const made = newAdapter(readConfig(model), { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'], dropout: 0 }, 5)
    for (const { b } of made.modules) b.forEach((_, i) => (b[i] = i % 3 === 0 ? 0.3 : -0.1))
    writeAdapter(adapter.folder, made, model)
    server.options = {
      ...server.options,
      spoil: (path, response) => {
        // It says that it has it, and answers by the base.
        if (path === 'v1/load_lora_adapter') response.end('Success')
        server.adapters.set(adapter.cid, still.folder)
        return path === 'v1/load_lora_adapter'
      }
    }
    const still = { folder: join(at.path, 'still') }
    writeAdapter(
      still.folder,
      newAdapter(readConfig(model), { rank: 1, alpha: 1, targets: ['q_proj'], dropout: 0 }, 5),
      model
    )
    await assert.rejects(backends.open({ base, adapter }), { code: 'backend-differs' })
  })

  it('gives no more answers at once than its owner lends', async () => {
    const answerer = await backends.open({ base })
    spoiled(response => response.write(chunk([5])))
    const job = { model, prompt: 'A heron is', settings: { maxTokens: 6, temperature: 0, seed: 1 } }
    const two = [answerer.generate(job), answerer.generate(job)]
    assert.throws(() => answerer.generate(job), { code: 'worker.busy' })
    for (const one of two) await assert.rejects(one.result, { code: 'backend-silent' })
    assert.ok(answerer.away() !== undefined)
  })
})
