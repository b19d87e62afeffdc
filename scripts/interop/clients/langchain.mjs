// LangChain: a conversation with a system message, whole and streaming.
import assert from 'node:assert/strict'
import { HumanMessage, SystemMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'

const { TILTH_URL: baseURL, TILTH_KEY: apiKey, TILTH_MODEL: model } = process.env
const chat = new ChatOpenAI({ model, apiKey, maxTokens: 8, temperature: 0, configuration: { baseURL } })
const messages = [new SystemMessage('Be short.'), new HumanMessage('What is the symbol of iron?')]
const whole = await chat.invoke(messages)
assert.ok(whole.usage_metadata.output_tokens > 0)
let text = ''
for await (const part of await chat.stream(messages)) text += part.content
assert.equal(text, whole.content)
