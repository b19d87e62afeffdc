import assert from 'node:assert/strict'
import type OpenAI from 'openai'
import { Form } from '../../../protocol/form/index.ts'
import { asked, startDaemon } from './daemon.ts'
import type { Daemon } from './daemon.ts'

const tools: OpenAI.ChatCompletionTool[] = ['look', 'look_up'].map(name => ({
  type: 'function',
  function: {
    name,
    description: 'Finds a bird.',
    parameters: { type: 'object', properties: { bird: { type: 'string' } }, required: ['bird'] }
  }
}))
const call = '<tool_call>\n{"name": "look_up", "arguments": {"bird": "wren"}}\n</tool_call>'

/** Whether an answer could be asked for that says this. */
function isAllowed(text: string): boolean {
  const form = new Form(asked[0]?.form ?? '')
  const written = form.after(form.begin, new TextEncoder().encode(text))
  return written !== undefined && form.mayEnd(written)
}

describe('answers of a form, for clients of the OpenAI API', () => {
  let daemon: Daemon
  let client: Daemon['client']
  before(async () => {
    daemon = await startDaemon()
    ;({ client } = daemon)
  })
  after(() => daemon.stop())
  beforeEach(() => void asked.splice(0))

  const ask = (content: string, more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>) =>
    client.chat.completions.create({ model: 'elements', messages: [{ role: 'user', content }], ...more })

  it('are asked for by a schema, or as any object', async () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'integer' } },
      required: ['a'],
      additionalProperties: false
    }
    await ask('q', { response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } } })
    assert.deepEqual([isAllowed('{"a": 1}'), isAllowed('{"a": "1"}')], [true, false])
    assert.equal(asked[0]?.messages.length, 1)
    asked.splice(0)
    await ask('q', { response_format: { type: 'json_object' } })
    assert.deepEqual([isAllowed('{"b": [{}]}'), isAllowed('[]')], [true, false])
    asked.splice(0)
    await ask('q', { response_format: { type: 'text' } })
    assert.equal(asked[0]?.form, undefined)
  })

  it('are calls of the tools that are offered, which the model is told of', async () => {
    const { choices } = await ask(`say ${call}`, { tools })
    const { message, finish_reason: finish } = choices[0]!
    assert.deepEqual([finish, message.content], ['tool_calls', null])
    const [called] = message.tool_calls ?? []
    assert.ok(called?.type === 'function' && called.id.startsWith('call_'))
    assert.deepEqual(called.function, { name: 'look_up', arguments: '{"bird":"wren"}' })
    const [system] = asked[0]?.messages ?? []
    assert.equal(system?.role, 'system')
    for (const { type, function: offered } of tools as OpenAI.ChatCompletionFunctionTool[])
      assert.ok(system?.content.includes(JSON.stringify({ type, function: offered })))
    assert.deepEqual(
      [isAllowed(call), isAllowed('No.'), isAllowed(call.replace('wren"', 'wren", "x": 1'))],
      [true, true, false]
    )
  })

  it('are a call where one has to be, and of the tool that is named', async () => {
    await ask('q', { tools, tool_choice: 'required' })
    assert.deepEqual([isAllowed(call), isAllowed('No.')], [true, false])
    asked.splice(0)
    await ask('q', { tools, tool_choice: { type: 'function', function: { name: 'look' } } })
    assert.deepEqual([isAllowed(call), isAllowed(call.replace('look_up', 'look'))], [false, true])
    asked.splice(0)
    for (const mode of ['auto', 'required'] as const) {
      const allowed = { mode, tools: [{ type: 'function', function: { name: 'look' } }] }
      await ask('q', { tools, tool_choice: { type: 'allowed_tools', allowed_tools: allowed } })
      const look = call.replace('look_up', 'look')
      assert.deepEqual([isAllowed(call), isAllowed(look), isAllowed('No.')], [false, true, mode === 'auto'])
      asked.splice(0)
    }
    const system = 'Be short.'
    const turns: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: system },
      { role: 'user', content: 'q' }
    ]
    await ask('', { tools, messages: turns })
    assert.ok(asked[0]?.messages.length === 2 && asked[0].messages[0]?.content.startsWith(`${system}\n\n# Tools`))
    asked.splice(0)
    await ask('q', { tools, tool_choice: 'none' })
    assert.deepEqual([asked[0]?.form, asked[0]?.messages.length], [undefined, 1])
  })

  it('are calls as their tool can take them, where its schema says more than can be followed', async () => {
    const parameters = {
      type: 'object',
      properties: {
        url: { type: 'string', format: 'uri' },
        id: { type: ['integer', 'null'], anyOf: [{ minimum: 1 }] }
      },
      anyOf: [{ required: ['url'] }, { required: ['id'] }],
      'x-order': ['url', 'id']
    }
    await ask('q', { tools: [{ type: 'function', function: { name: 'get', parameters } }], tool_choice: 'required' })
    const of = (text: string): boolean => isAllowed(`<tool_call>\n{"name": "get", "arguments": ${text}}\n</tool_call>`)
    assert.deepEqual(['{"url": "a", "id": 2}', '{"id": null}', '{"url": 1}', '{"id": "x"}'].map(of), [
      true,
      true,
      false,
      false
    ])
    asked.splice(0)
    const way = { type: 'function', function: { name: 'get', parameters: { anyOf: [{ const: 1 }], not: {} } } } as const
    await ask('q', { tools: [way], tool_choice: 'required' })
    assert.deepEqual(['1', '2'].map(of), [true, false], 'what says no more than others is all that is taken away')
  })

  it('come as text where the model calls nothing, also where it was cut off within a call', async () => {
    const free = await ask('q', { tools })
    assert.deepEqual([free.choices[0]?.message.content, free.choices[0]?.finish_reason], ['Fe is iron.', 'stop'])
    const cut = await ask(`say ${call.slice(0, 30)}`, { tools, max_tokens: 2 })
    assert.deepEqual([cut.choices[0]?.message.content, cut.choices[0]?.finish_reason], [call.slice(0, 30), 'length'])
  })

  it('tell of their tokens’ probabilities where they are asked for, whole and streaming', async () => {
    const { choices } = await ask('q', { logprobs: true, top_logprobs: 2 })
    const { content } = choices[0]?.logprobs ?? {}
    assert.deepEqual([asked[0]?.logprobs, content?.map(({ token }) => token)], [2, ['Fe', ' is', ' iron.']])
    assert.deepEqual(
      [content?.[0]?.logprob, content?.[0]?.bytes, content?.[0]?.top_logprobs.length],
      [-0.5, [70, 101], 2]
    )
    const told: string[] = []
    for await (const chunk of await client.chat.completions.create({
      model: 'elements',
      messages: [{ role: 'user', content: 'q' }],
      logprobs: true,
      stream: true
    }))
      for (const { logprobs } of chunk.choices) told.push(...(logprobs?.content ?? []).map(({ token }) => token))
    assert.deepEqual(told, ['Fe', ' is', ' iron.'])
    assert.equal((await ask('q', {})).choices[0]?.logprobs, null)
  })

  it('stream: text as it comes, a call when it is whole', async () => {
    const streamed = async (content: string) => {
      const pieces: string[] = []
      let called: { name?: string; arguments?: string } | undefined
      let finish: string | null = null
      for await (const chunk of await client.chat.completions.create({
        model: 'elements',
        messages: [{ role: 'user', content }],
        tools,
        stream: true
      }))
        for (const { delta, finish_reason: end } of chunk.choices) {
          if (typeof delta.content === 'string' && delta.content !== '') pieces.push(delta.content)
          for (const { index, id, function: one } of delta.tool_calls ?? []) {
            assert.ok(index === 0 && id !== undefined)
            called = { ...one }
          }
          finish = end ?? finish
        }
      return { pieces, called, finish }
    }
    const free = await streamed('say <tool|s> are| things')
    assert.deepEqual(free, { pieces: ['<tools> are', ' things'], called: undefined, finish: 'stop' })
    const cut = call.split('\n')
    const calls = await streamed(`say ${cut[0]}|\n${cut[1]}|\n${cut[2]}`)
    assert.deepEqual(calls.pieces, [])
    assert.deepEqual([calls.called, calls.finish], [{ name: 'look_up', arguments: '{"bird":"wren"}' }, 'tool_calls'])
    assert.deepEqual((await streamed('say <tool')).pieces, ['<tool'])
  })
})
