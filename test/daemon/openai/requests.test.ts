import assert from 'node:assert/strict'
import { openAiErrorReply } from '../../../daemon/api/server/openai/errors.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { asked, bearer, startDaemon } from './daemon.ts'
import type { Asked, Daemon } from './daemon.ts'

describe('what clients of the OpenAI API send', () => {
  let daemon: Daemon
  let call: Daemon['call']
  let chat: Daemon['chat']
  before(async () => {
    daemon = await startDaemon()
    ;({ call, chat } = daemon)
  })
  after(() => daemon.stop())
  beforeEach(() => void asked.splice(0))

  it('get an answer to the histories that they keep', async () => {
    const looking = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"Fe"}' } }
    const cases: [string, unknown[], [string, string][]][] = [
      [
        'an agent after a tool call',
        [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'What is Fe?' },
          { role: 'assistant', content: null, tool_calls: [looking] },
          { role: 'tool', tool_call_id: 'call_1', content: 'iron' },
          { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: '26' }] },
          { role: 'assistant', content: 'Iron.' },
          { role: 'user', content: 'And Au?' }
        ],
        [
          ['system', 'Be short.'],
          ['user', 'What is Fe?'],
          ['assistant', '<tool_call>\n{"name": "look", "arguments": {"at":"Fe"}}\n</tool_call>'],
          ['user', '<tool_response>\niron\n</tool_response>\n<tool_response>\n26\n</tool_response>'],
          ['assistant', 'Iron.'],
          ['user', 'And Au?']
        ]
      ],
      [
        'a chat window whose answer was cut off before its first word',
        [
          { role: 'user', content: 'Fe?' },
          { role: 'assistant', content: '' },
          { role: 'user', content: 'Fe, I said' }
        ],
        [['user', 'Fe?\nFe, I said']]
      ],
      [
        'parts of text, and a developer',
        [
          {
            role: 'developer',
            content: [
              { type: 'text', text: 'Be ' },
              { type: 'text', text: 'short.' }
            ]
          },
          { role: 'user', content: [{ type: 'text', text: 'Fe?' }], name: 'ann' },
          { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
          { role: 'user', content: 'Why?' }
        ],
        [
          ['system', 'Be short.'],
          ['user', 'Fe?'],
          ['assistant', 'No.'],
          ['user', 'Why?']
        ]
      ],
      [
        'a tool that takes a text, and what was refused',
        [
          { role: 'user', content: 'Fe?' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'look', input: 'Fe "x"' } }]
          },
          { role: 'tool', tool_call_id: 'call_1', content: 'iron' },
          { role: 'assistant', content: null, refusal: 'No.' },
          { role: 'user', content: 'Why?' }
        ],
        [
          ['user', 'Fe?'],
          ['assistant', '<tool_call>\n{"name": "look", "arguments": "Fe \\"x\\""}\n</tool_call>'],
          ['user', '<tool_response>\niron\n</tool_response>'],
          ['assistant', 'No.'],
          ['user', 'Why?']
        ]
      ],
      [
        'what an assistant spoke, with the text of it',
        [
          { role: 'user', content: 'Fe?' },
          { role: 'assistant', content: 'Iron.', audio: { id: 'audio_1' } },
          { role: 'user', content: 'Au?' }
        ],
        [
          ['user', 'Fe?'],
          ['assistant', 'Iron.'],
          ['user', 'Au?']
        ]
      ],
      [
        'two turns of a user, as they were sent',
        [
          { role: 'user', content: 'one' },
          { role: 'user', content: 'two' }
        ],
        [
          ['user', 'one'],
          ['user', 'two']
        ]
      ],
      ['a long document', [{ role: 'user', content: 'é'.repeat(100_000) }], [['user', 'é'.repeat(100_000)]]]
    ]
    for (const [name, messages, read] of cases) {
      asked.splice(0)
      const { status, error } = await chat({}, messages)
      assert.equal(status, 200, `${name}: ${error?.message}`)
      assert.deepEqual(
        asked[0]?.messages.map(({ role, content }) => [role, content]),
        read,
        name
      )
    }
  })

  it('have limits brought back to what is possible, and what means nothing here passed over', async () => {
    const cases: [object, Partial<Asked>][] = [
      [{}, { maxTokens: 128, temperature: 1, topP: 1, topK: 0 }],
      [{ max_tokens: -1 }, { maxTokens: 4096 }],
      [{ max_tokens: 1_000_000 }, { maxTokens: 4096 }],
      [{ max_tokens: 0 }, { maxTokens: 1 }],
      [{ max_tokens: 20.7, max_completion_tokens: null }, { maxTokens: 20 }],
      [{ max_tokens: 5, max_completion_tokens: 9 }, { maxTokens: 9 }],
      [{ temperature: 9 }, { temperature: 2 }],
      [{ temperature: -1 }, { temperature: 0 }],
      [{ top_p: 0 }, { topP: 1e-6 }],
      [
        { top_p: 3, top_k: -1 },
        { topP: 1, topK: 0 }
      ],
      [{ seed: -1 }, { seed: undefined }],
      [{ seed: 4 }, { seed: 4 }],
      [{ seed: 2 ** 53 + 2 }, { seed: 2 }],
      [{ seed: Number.MAX_SAFE_INTEGER }, { seed: Number.MAX_SAFE_INTEGER }],
      [{ stop: '' }, { stop: [] }],
      [{ stop: ['\n', ''] }, { stop: ['\n'] }],
      [
        {
          user: 'ann',
          metadata: { a: 'b' },
          store: false,
          service_tier: 'auto',
          parallel_tool_calls: true,
          tools: [],
          tool_choice: 'auto',
          logprobs: false,
          top_logprobs: 0,
          presence_penalty: 0,
          frequency_penalty: 0,
          dry_multiplier: 0,
          stop_token_ids: [],
          n_predict: -1,
          logit_bias: { 50256: 0 },
          response_format: { type: 'text' },
          modalities: ['text'],
          reasoning_effort: 'low',
          of_tomorrow: { x: 1 }
        },
        {}
      ],
      [{ tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'none' }, {}],
      [{ max_tokens: 9, max_new_tokens: 9, n_predict: 9 }, { maxTokens: 9 }],
      [{ max_tokens: 5, max_completion_tokens: 9, max_output_tokens: 9 }, { maxTokens: 9 }]
    ]
    for (const [more, wanted] of cases) {
      asked.splice(0)
      const { status, error } = await chat(more)
      assert.equal(status, 200, `${JSON.stringify(more)}: ${error?.message}`)
      for (const [name, value] of Object.entries(wanted))
        assert.deepEqual(asked[0]?.[name as keyof Asked], value, JSON.stringify(more))
    }
  })

  it('are refused what would change the answer and cannot be followed, by the name that they sent', async () => {
    const tool = { type: 'function', function: { name: 'f', parameters: {} } }
    const strict = (schema: object): object => ({
      type: 'function',
      function: { name: 'f', strict: true, parameters: schema }
    })
    /** What cannot be followed of all of them together is too long to be looked for. */
    const long = (i: number): object => ({
      type: 'function',
      function: {
        name: `f${i}`,
        parameters: Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`x-${at}`, 'x'.repeat(60)]))
      }
    })
    const cases: [object, string][] = [
      [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
      [{ tools: [tool, tool] }, 'tools[1].function.name'],
      [{ tools: [strict({ pattern: '^a' })] }, 'tools[0].function.parameters'],
      [{ tools: [tool], tool_choice: { type: 'function', function: { name: 'g' } } }, 'tool_choice'],
      [{ tools: [tool], response_format: { type: 'json_object' } }, 'response_format'],
      [{ tools: [tool], tool_choice: { type: 'custom', custom: { name: 'f' } } }, 'tool_choice'],
      [{ tools: [tool], tool_choice: { type: 'function', name: 'f' } }, 'tool_choice'],
      [
        { tools: [tool], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } } },
        'tool_choice'
      ],
      [
        {
          messages: [
            { role: 'user', content: 'Fe?' },
            { role: 'assistant', audio: { id: 'audio_1' } }
          ]
        },
        'messages[1].audio'
      ],
      [
        {
          messages: [
            { role: 'user', content: 'Fe?' },
            { role: 'assistant', tool_calls: [{ id: '1', type: 'mcp' }] }
          ]
        },
        'messages[1].tool_calls[0]'
      ],
      [{ tool_choice: 'required' }, 'tool_choice'],
      [{ tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
      [{ functions: [{ name: 'f' }] }, 'functions'],
      [{ response_format: { type: 'grammar' } }, 'response_format'],
      [{ response_format: { type: 'json_schema', json_schema: { name: 'a' } } }, 'response_format'],
      [
        { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { minProperties: 1 } } } },
        'response_format'
      ],
      [{ response_format: 'json' }, 'response_format'],
      [{ logprobs: true, tools: [tool] }, 'logprobs'],
      [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
      [{ top_logprobs: 3 }, 'top_logprobs'],
      [{ logit_bias: { 50256: -100 } }, 'logit_bias'],
      [{ presence_penalty: 0.5 }, 'presence_penalty'],
      [{ max_new_tokens: 5 }, 'max_new_tokens'],
      [{ max_new_tokens: 5, max_tokens: 9 }, 'max_new_tokens'],
      [{ tools: Array.from({ length: 128 }, (_, i) => long(i)) }, 'tools'],
      [{ stop_token_ids: [1] }, 'stop_token_ids'],
      [{ xtc_probability: 0.5 }, 'xtc_probability'],
      [{ modalities: ['text', 'audio'] }, 'modalities'],
      [{ n: 9 }, 'n'],
      [{ n: 0 }, 'n'],
      [{ max_tokens: 'many' }, 'max_tokens'],
      [{ temperature: '1' }, 'temperature'],
      [{ seed: 1.5 }, 'seed'],
      [{ stream: 'yes' }, 'stream'],
      [{ stop: Array.from({ length: 9 }, (_, i) => `${i}`) }, 'stop'],
      [{ stop: 'x'.repeat(65) }, 'stop[0]'],
      [{ tilth: { privat: true } }, 'tilth.privat'],
      [{ tilth: { maxPrice: 'cheap' } }, 'tilth.maxPrice'],
      [{ tilth: { context: 99 } }, 'tilth.context'],
      [{ model: 7 }, 'model'],
      [{ model: 'fish' }, 'model'],
      [{ messages: [] }, 'messages'],
      [{ messages: 'Fe?' }, 'messages'],
      [{ messages: [{ role: 'user', content: '' }] }, 'messages'],
      [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
      [
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] },
        'messages[0].content[0]'
      ],
      [{ messages: [{ role: 'user', content: 'x'.repeat(131_073) }] }, 'messages[0].content'],
      [{ messages: [{ role: 'user', content: 'too long' }] }, 'messages']
    ]
    for (const [more, param] of cases) {
      const { status, error } = await chat(more)
      const told = JSON.stringify(more).slice(0, 100)
      assert.ok(status === 400 || status === 404, `${told}: ${status}`)
      assert.equal(error?.param, param, `${told}: ${error?.message}`)
      assert.match(error?.message ?? '', new RegExp(`${param.split(/[[.]/)[0]}|fish|read so much|text`), told)
      assert.equal(error?.type, 'invalid_request_error')
    }
    assert.equal(
      (await chat({ messages: [{ role: 'user', content: 'too long' }] })).error?.code,
      'context_length_exceeded'
    )
    assert.equal((await chat({ model: 'fish' })).error?.code, 'model_not_found')
    assert.equal((await chat({ presence_penalty: 1 })).error?.code, 'unsupported_parameter')
  })

  it('of the older form are refused by what stood in their prompt', async () => {
    const cases: [unknown, string][] = [
      ['x'.repeat(131_073), 'prompt'],
      [['Fe?', 'x'.repeat(131_073)], 'prompt[1]'],
      ['too long', 'prompt'],
      [[1, 2, 3], 'prompt'],
      [['Fe?', 7], 'prompt'],
      ['', 'prompt']
    ]
    for (const stream of [false, true])
      for (const [prompt, param] of cases) {
        const body = JSON.stringify({ model: 'elements', prompt, stream })
        const { status, text } = await call('POST', '/v1/completions', bearer, body)
        const { error } = JSON.parse(text) as { error: { message: string; param: string } }
        assert.equal(status, 400, `${body.slice(0, 60)}: ${text.slice(0, 300)}`)
        assert.equal(error.param, param, error.message)
        assert.doesNotMatch(error.message, /messages/)
      }
  })

  it('are told what to do by fields of their request, not by flags of a command line', () => {
    const dear = new InvalidError('ask.price', 'it may cost 2 tokens', { help: 'Allow more (--max-price).' })
    const { status, body } = openAiErrorReply(dear)
    assert.deepEqual([status, body.error.param], [400, 'max_tokens'])
    assert.match(
      body.error.message,
      /it may cost 2 tokens\. Ask for fewer `max_tokens`, or allow more by `tilth\.maxPrice`/
    )
  })

  it('can send anything and hurt nobody', async () => {
    const bodies = [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"model":"elements"}',
      '{"model":"elements","messages":[null]}',
      '{"model":"elements","messages":[{"role":"user","content":{"a":1}}]}',
      '{"model":"elements","messages":[{"role":"user","content":"x"}],"__proto__":{"n":5}}',
      '{"model":"elements","messages":[{"role":"user","content":"x"}],"max_tokens":1e400}',
      `{"model":"elements","messages":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      `{"model":"${'x'.repeat(5_000)}","messages":[{"role":"user","content":"x"}]}`
    ]
    for (const body of bodies)
      for (const path of ['/v1/chat/completions', '/v1/completions']) {
        const { status, text } = await call('POST', path, bearer, body)
        assert.ok(status >= 400 && status < 500, `${body.slice(0, 60)}: ${status} ${text.slice(0, 200)}`)
        const { error } = JSON.parse(text) as { error: Record<string, unknown> }
        assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type'])
      }
    assert.equal((await call('POST', '/v1/chat/completions', bearer, 'x'.repeat(5 << 20))).status, 413)
    assert.equal(asked.length, 0)
  })
})
