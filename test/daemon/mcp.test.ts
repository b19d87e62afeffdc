import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { ParsedBodyOf, Routes } from '../../daemon/api/contract/index.ts'
import { main, startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { datanetView, modelView } from './views.ts'

const receipt = `0x${'cd'.repeat(32)}`
const refused = new InvalidError('auth.rights', 'the key notebook may only ask')
const worker = `0x${'77'.repeat(20)}` as const

describe('tools for agents, by the protocol’s own client', function () {
  this.timeout(60_000)
  let line: CommandLine
  let client: Client
  const asked: ParsedBodyOf<Routes['ask']>[] = []
  const sent: (string | undefined)[] = []
  const stops = new Map<string, () => void>()
  let isKey = false

  const connect = async (): Promise<Client> => {
    const client = new Client({ name: 'test', version: '1.0.0' })
    const args = [main, 'mcp', ...line.flags]
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }))
    return client
  }
  const call = async (name: string, input: Record<string, unknown>) => {
    const { content, structuredContent, isError } = await client.callTool({ name, arguments: input })
    const text = content.map(part => (part.type === 'text' ? part.text : '')).join('')
    return { text, data: structuredContent as Record<string, unknown> | undefined, isError: isError === true }
  }

  before(async () => {
    line = await startCommandLine({
      status: async () => {
        if (isKey) throw refused
        throw new InvalidError('request.invalid', 'nobody reads it')
      },
      log: async () => {
        if (isKey) throw refused
        return { items: [], next: null }
      },
      models: async () => ({
        items: [
          {
            ...modelView,
            offers: [20n, 10n].map(price => ({
              worker,
              inputPrice: (price * 10n ** 14n).toString(),
              outputPrice: (price * 10n ** 15n).toString(),
              capacity: 1,
              tokensPerSecond: 9,
              expires: 0
            }))
          },
          { ...modelView, id: receipt, name: 'chemist', base: 'bafyagent', result: 'bafyagent' }
        ],
        next: 'more'
      }),
      datanets: async ({ params: { search } }) => ({ items: [datanetView({ name: search ?? 'birds' })], next: null }),
      async *ask({ body }) {
        asked.push(body)
        const question = body.messages.at(-1)?.content
        if (question === 'dear')
          throw new InvalidError('budget.request', 'the answer may cost 2 tokens, more than 1', { help: 'Ask less.' })
        yield { kind: 'text', text: 'Fe', tokens: 1 }
        if (question === 'for ever')
          await new Promise<void>(resolve => {
            stops.set(body.name ?? '', resolve)
          })
        yield {
          kind: 'done',
          text: 'Fe',
          finish: 'stop',
          inputTokens: 3,
          outputTokens: 1,
          fee: '70000000000000000',
          receipts: [receipt]
        }
      },
      stopAsk: async ({ params: { name } }) => {
        stops.get(name)?.()
        return { stopped: stops.delete(name) }
      },
      checkContribution: async ({ body: { file = '' } }) => {
        const rows = file.split('\n').map(row => JSON.parse(row) as { prompt: string; response: string })
        const lines = rows.map(({ response }, i) => ({ line: i + 1, code: response === 'no' ? 'copy' : 'own' }))
        const own = lines.filter(({ code }) => code === 'own').length
        const accept = own > 0
        return {
          accept,
          ...(accept ? {} : { reason: 'nothing-own' }),
          checks: [],
          rows: rows.length,
          own,
          lines,
          uploads: 1,
          allowed: 10,
          compared: true
        }
      },
      contribute: async ({ body: { file } }) => {
        sent.push(file)
        return { id: receipt }
      },
      trace: async ({ params: { id } }) => {
        if (id === 'nothing') throw new InvalidError('receipt.unknown', 'there is no receipt nothing')
        return {
          kind: 'receipt',
          id,
          epoch: 1,
          network: { chainId: 1, registry: 'r' },
          held: 1,
          broken: 0,
          open: 1,
          steps: [
            {
              stage: 'receipt',
              title: 'The receipt',
              facts: [{ name: 'fee', value: '0.07' }],
              checks: [
                { what: 'both signed', holds: true, found: 'they did' },
                { what: 'paid', holds: null, found: 'not yet' }
              ]
            }
          ]
        } as never
      }
    })
    client = await connect()
  })
  beforeEach(() => {
    asked.splice(0)
    sent.splice(0)
  })
  after(async () => {
    await client.close()
    await line.stop()
  })

  it('are six, each with what it takes as a schema', async () => {
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint === true]),
      [
        ['ask', false],
        ['models', true],
        ['agents', true],
        ['datanets', true],
        ['contribute', false],
        ['trace', true]
      ]
    )
    for (const { inputSchema, description } of tools)
      assert.ok(inputSchema.type === 'object' && (description ?? '').length > 20)
    assert.equal(client.getServerVersion()?.name, 'tilth')
  })

  it('ask, with what it may cost, and give the answer, its price and its receipt', async () => {
    const { text, data } = await call('ask', { model: 'elements', question: 'iron?', system: 'short', maxPrice: '0.5' })
    assert.equal(text, 'Fe')
    assert.deepEqual(data, { finish: 'stop', inputTokens: 3, outputTokens: 1, fee: '0.07', receipts: [receipt] })
    const { messages, maxPrice, private: isPrivate } = asked[0]!
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['system', 'user']
    )
    assert.deepEqual([maxPrice, isPrivate], ['500000000000000000', false])
  })

  it('say what the daemon says where it refuses, as a result that an agent reads', async () => {
    const dear = await call('ask', { model: 'elements', question: 'dear' })
    assert.ok(dear.isError)
    assert.match(dear.text, /more than 1 \[budget\.request\]\n.*Ask less/)
    assert.match((await call('trace', { receipt: 'nothing' })).text, /receipt\.unknown/)
    for (const [name, input] of [
      ['ask', { model: 'elements' }],
      ['ask', { model: 'elements', question: 'q', maxPrice: 'much' }],
      ['ask', { model: 'elements', question: 'q', speed: 9 }],
      ['contribute', { datanet: 'birds', rows: [{ prompt: 'p', response: '' }] }]
    ] as const)
      assert.ok((await call(name, input)).isError, JSON.stringify(input))
    assert.equal(asked.length, 1)
  })

  it('list models with their best price, and Datanets', async () => {
    const { text, data } = await call('models', {})
    assert.match(text, /elements \(0xab.*2 workers serve it, from 0\.001 and 0\.01 tokens.*\nmore: cursor more/)
    assert.doesNotMatch(text, /chemist/)
    assert.equal(data?.['next'], 'more')
    assert.match((await call('datanets', { search: 'rocks' })).text, /^rocks \(0x01.*CC0-1\.0/)
  })

  it('check rows and send them only when they are told to, and never what would be refused', async () => {
    const good = [
      { prompt: 'a', response: 'yes' },
      { prompt: 'b', response: 'no' }
    ]
    const checked = await call('contribute', { datanet: 'birds', rows: good })
    assert.match(checked.text, /^1 of 2 rows would be kept\nrow 2: /)
    assert.deepEqual([checked.data?.['own'], sent.length], [1, 0])
    const refused = await call('contribute', { datanet: 'birds', rows: good.slice(1), send: true })
    assert.ok(refused.isError && refused.text.includes('[mcp.refused]'))
    assert.equal(sent.length, 0)
    const done = await call('contribute', { datanet: 'birds', rows: good, send: true })
    assert.equal(done.data?.['id'], receipt)
    assert.equal(sent[0]?.split('\n').length, 2)
  })

  it('trace an answer in words', async () => {
    const { text } = await call('trace', { receipt })
    assert.match(
      text,
      /The receipt\n {2}fee: 0\.07\n {2}holds: both signed: they did\n {2}could not be looked at: paid/
    )
  })

  it('end an answer that nobody wants any more', async () => {
    const enough = new AbortController()
    const answer = client.callTool(
      { name: 'ask', arguments: { model: 'elements', question: 'for ever' } },
      { signal: enough.signal, onprogress: () => enough.abort() }
    )
    await assert.rejects(answer)
    while (line.calls.at(-1) !== 'stopAsk')
      await new Promise(resolve => {
        setTimeout(resolve, 20)
      })
    assert.equal(stops.size, 0)
  })

  it('are those of asking alone for a key that may only ask', async () => {
    isKey = true
    const other = await connect()
    const { tools } = await other.listTools()
    await other.close()
    isKey = false
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['ask', 'models', 'agents']
    )
  })

  it('are the same over HTTP, for whoever has a token', async () => {
    const over = (token: string): StreamableHTTPClientTransport =>
      new StreamableHTTPClientTransport(new URL('/mcp', line.url), {
        requestInit: { headers: { authorization: `Bearer ${token}` } }
      })
    const other = new Client({ name: 'test', version: '1.0.0' })
    await other.connect(over(line.token))
    assert.equal((await other.listTools()).tools.length, 6)
    const { content } = await other.callTool({ name: 'ask', arguments: { model: 'elements', question: 'iron?' } })
    assert.deepEqual(content, [{ type: 'text', text: 'Fe' }])
    await other.close()
    await assert.rejects(new Client({ name: 'test', version: '1.0.0' }).connect(over('wrong')))
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    assert.equal((await fetch(new URL('/mcp', line.url), { method: 'POST', headers, body })).status, 401)
    const page = { ...headers, origin: 'https://page.example', authorization: `Bearer ${line.token}` }
    assert.equal((await fetch(new URL('/mcp', line.url), { method: 'POST', headers: page, body })).status, 403)
  })

  it('are there where the API listens, also where that is not the loopback’s usual address', async function () {
    // Other systems give their loopback one address only.
    if (process.platform !== 'linux') return this.skip()
    const elsewhere = await startCommandLine({ models: async () => ({ items: [modelView], next: null }) }, '127.0.0.2')
    const other = new Client({ name: 'test', version: '1.0.0' })
    await other.connect(
      new StreamableHTTPClientTransport(new URL('/mcp', elsewhere.url), {
        requestInit: { headers: { authorization: `Bearer ${elsewhere.token}` } }
      })
    )
    const { isError = false, content } = await other.callTool({ name: 'models', arguments: {} })
    assert.ok(!isError, JSON.stringify(content))
    await other.close()
    await elsewhere.stop()
  })

  it('end when their client does', async () => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, 'mcp', ...line.flags],
      stderr: 'pipe'
    })
    const other = new Client({ name: 'test', version: '1.0.0' })
    await other.connect(transport)
    const errors = transport.stderr
    assert.ok(errors)
    errors.on('data', () => undefined)
    const ended = once(errors, 'end')
    await other.close()
    await ended
  })
})
