import { request } from 'node:http'
import OpenAI from 'openai'
import { routes } from '../../../daemon/api/contract/index.ts'
import type { AskEvent, ModelView } from '../../../daemon/api/contract/index.ts'
import { openAiEndpoints, startApiServer } from '../../../daemon/api/server/index.ts'
import type { Handlers } from '../../../daemon/api/server/index.ts'
import { InvalidError, NotFoundError, TilthError, pageOf } from '../../../protocol/primitives/index.ts'
import { modelView } from '../views.ts'

// A daemon's API before a network of the test's own, for clients of the OpenAI API.

export const token = 'a-token-of-this-test'
export const page = 'https://app.example'
export const model: ModelView = { ...modelView, split: { worker: 3000, builder: 1000, data: 6000 } }
export const slashed: ModelView = { ...model, id: `0x${'ac'.repeat(32)}`, name: 'org/birds' }
export const worker = `0x${'77'.repeat(20)}`
export const contributor = `0x${'33'.repeat(20)}`

export type Asked = Parameters<Parameters<typeof openAiEndpoints>[0]['ask']>[0]
/** What reached the network. */
export const asked: Asked[] = []

async function* answer(question: Asked, signal: AbortSignal): AsyncGenerator<AskEvent> {
  asked.push(question)
  const said = question.messages.at(-1)?.content ?? ''
  if (said === 'too long') throw new InvalidError('ask.long', 'birds cannot read so much at once', { help: 'Shorten.' })
  if (said === 'nobody') throw new TilthError('ask.unreachable', 'no worker can be reached', { consequence: 'retry' })
  yield { kind: 'worker', worker }
  const pieces = said.startsWith('say ') ? said.slice(4).split('|') : ['Fe', ' is', ' iron.']
  for (const text of pieces) {
    if (signal.aborted) return
    const top = { bytes: [...new TextEncoder().encode(text)], logprob: -0.5 }
    const logprobs =
      question.logprobs === undefined
        ? {}
        : { logprobs: [{ ...top, top: Array.from({ length: question.logprobs }, () => top) }] }
    yield { kind: 'text', text, ...logprobs }
    if (said === 'breaks') throw new TilthError('ask.failed', 'no worker finished the answer')
  }
  yield {
    kind: 'done',
    text: pieces.join(''),
    finish: question.maxTokens < 3 ? 'length' : 'stop',
    inputTokens: 3,
    outputTokens: 3,
    fee: '7',
    receipts: [`0x${'cd'.repeat(32)}`]
  }
  if (question.explain)
    yield {
      kind: 'explanation',
      unofficial: true,
      answers: [
        {
          receipt: `0x${'cd'.repeat(32)}`,
          by: worker as `0x${string}`,
          weights: { [contributor]: '818000' },
          utilities: [1]
        }
      ],
      failed: []
    }
}

export interface Reply {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
}
export const bearer = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

export type Daemon = Awaited<ReturnType<typeof startDaemon>>

export async function startDaemon() {
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    token,
    origins: [`${page}/`, 'app://obsidian.md'],
    version: '0.0.0',
    handlers: Object.fromEntries(Object.keys(routes).map(name => [name, async () => ({})])) as unknown as Handlers,
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    extend: openAiEndpoints({
      models: async page => pageOf([model, slashed], page, ({ id }) => id),
      model: async wanted => {
        const found = [model, slashed].find(({ name, id }) => name === wanted || id === wanted)
        if (found === undefined) throw new NotFoundError('model.unknown', `no model ${wanted} is known here`)
        return found
      },
      ask: answer
    })
  })
  const client = new OpenAI({ apiKey: token, baseURL: `${server.url}/v1`, maxRetries: 0 })
  const call = (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const sent = request(new URL(path, server.url), { method, headers }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const post = async (path: string, body: unknown) => {
    const { status, text } = await call('POST', path, bearer, typeof body === 'string' ? body : JSON.stringify(body))
    const value = JSON.parse(text) as {
      error?: { message: string; type: string; param: string | null; code: string }
      choices: { index: number; text?: string; message?: { content: string }; finish_reason: string }[]
      usage: object
      tilth: { fee: string; receipts: string[]; private: boolean; credits: object[]; explanation?: object }
    }
    return { status, ...value }
  }
  const chat = (more: object, messages: unknown = [{ role: 'user', content: 'Fe?' }]) =>
    post('/v1/chat/completions', { model: 'elements', messages, ...more })
  return { url: server.url, client, call, post, chat, stop: () => server.stop() }
}
