// The official JavaScript client: a list, an answer, a stream, a value by a schema, a call of a tool, and a refusal.
import assert from 'node:assert/strict'
import OpenAI from 'openai'

const { TILTH_URL: baseURL, TILTH_KEY: apiKey, TILTH_MODEL: model } = process.env
const client = new OpenAI({ baseURL, apiKey })
const messages = [{ role: 'user', content: 'What is the symbol of iron?' }]

assert.ok((await client.models.list()).data.some(({ id }) => id === model))
const whole = await client.chat.completions.create({ model, messages, max_tokens: 8, temperature: 0 })
assert.ok(whole.usage.completion_tokens > 0 && whole.tilth.receipts.length === 1 && whole.tilth.credits.length >= 2)
let text = ''
for await (const chunk of await client.chat.completions.create({
  model,
  messages,
  max_tokens: 8,
  temperature: 0,
  stream: true
}))
  text += chunk.choices[0]?.delta.content ?? ''
assert.equal(text, whole.choices[0].message.content)
const schema = { type: 'object', properties: { symbol: { type: 'string', maxLength: 3 } }, required: ['symbol'] }
const held = await client.chat.completions.create({
  model,
  messages,
  max_tokens: 40,
  response_format: { type: 'json_schema', json_schema: { name: 'symbol', strict: true, schema } }
})
assert.ok(JSON.parse(held.choices[0].message.content).symbol.length <= 3)
const tools = [{ type: 'function', function: { name: 'look', parameters: schema } }]
const calls = await client.chat.completions.create({ model, messages, tools, tool_choice: 'required', max_tokens: 99 })
assert.equal(calls.choices[0].finish_reason, 'tool_calls')
const [{ function: called }] = calls.choices[0].message.tool_calls
assert.ok(called.name === 'look' && JSON.parse(called.arguments).symbol.length <= 3)
await assert.rejects(client.chat.completions.create({ model, messages, logit_bias: { 1: 5 } }), {
  status: 400,
  param: 'logit_bias'
})
