// The official JavaScript client: a list, an answer, a stream, and a refusal by the name of the field.
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
const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }]
await assert.rejects(client.chat.completions.create({ model, messages, tools }), { status: 400, param: 'tools' })
