// Vercel's AI SDK: generateText and streamText over its OpenAI-compatible provider.
import assert from 'node:assert/strict'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'

const { TILTH_URL: baseURL, TILTH_KEY: apiKey, TILTH_MODEL } = process.env
const model = createOpenAICompatible({ name: 'tilth', baseURL, apiKey })(TILTH_MODEL)
const asked = { model, prompt: 'What is the symbol of iron?', maxOutputTokens: 8, temperature: 0 }
const whole = await generateText(asked)
assert.ok(whole.usage.outputTokens > 0)
let text = ''
for await (const part of streamText(asked).textStream) text += part
assert.equal(text, whole.text)
