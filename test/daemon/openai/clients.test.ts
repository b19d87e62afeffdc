import assert from 'node:assert/strict'
import { asked, bearer, startDaemon, token } from './daemon.ts'
import type { Daemon } from './daemon.ts'

// What agents and chat programs send that was written by others: no field of it is anybody's mistake.

const question = [{ role: 'user', content: 'Fe?' }]
/** A tool as servers of the Model Context Protocol describe theirs. */
const fetchTool = (strict?: boolean) => ({
  type: 'function',
  function: {
    name: 'fetch',
    ...(strict === undefined ? {} : { strict }),
    parameters: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        url: { type: 'string', format: 'uri', minLength: 1, pattern: '^https:' },
        most: { type: 'integer', exclusiveMinimum: 0, maximum: 1_000_000, default: 5000 },
        part: { $ref: '#/$defs/part' }
      },
      required: ['url'],
      $defs: { part: { type: 'object', properties: { at: { type: 'number', multipleOf: 2 } }, minProperties: 1 } }
    }
  }
})

describe('requests of agents and chat programs', () => {
  let daemon: Daemon
  before(async () => {
    daemon = await startDaemon()
  })
  after(() => daemon.stop())
  beforeEach(() => void asked.splice(0))

  it('may offer tools whose schemas say more than can be followed, unless they ask that it be', async () => {
    const { status } = await daemon.chat({ tools: [fetchTool()] }, question)
    assert.equal(status, 200)
    const form = JSON.parse(asked[0]?.form ?? '') as { calls: [{ parameters: object }] }
    assert.deepEqual(form.calls[0].parameters, {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        url: { type: 'string', minLength: 1 },
        most: { type: 'integer', default: 5000 },
        part: { $ref: '#/$defs/part' }
      },
      required: ['url'],
      $defs: { part: { type: 'object', properties: { at: { type: 'number' } } } }
    })
    // The model reads all of it.
    assert.match(asked[0]?.messages[0]?.content ?? '', /"pattern":"\^https:"/)
    const { error } = await daemon.chat({ tools: [fetchTool(true)] }, question)
    assert.equal(error?.param, 'tools[0].function.parameters')
  })

  it('are told of a wrong name of a tool what a name is', async () => {
    const { error } = await daemon.chat({ tools: [{ type: 'function', function: { name: 'a.b' } }] }, question)
    assert.match(error?.message ?? '', /must be of letters, digits/)
  })

  it('may call the bearer as they like, and are told where the address ends', async () => {
    const body = JSON.stringify({ model: 'elements', messages: question })
    const headers = { ...bearer, authorization: `bearer ${token}` }
    assert.equal((await daemon.call('POST', '/v1/chat/completions', headers, body)).status, 200)
    for (const path of ['/chat/completions', '/v1/v1/chat/completions', '/v1//models', '/api/chat', '/models']) {
      const { status, text } = await daemon.call('POST', path, bearer, body)
      assert.equal(status, 404)
      assert.match(text, /ends in \/v1/, path)
    }
  })
})
