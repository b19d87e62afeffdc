import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { routes } from '../../daemon/api/contract/index.ts'
import type { AskEvent, ModelView } from '../../daemon/api/contract/index.ts'
import { openAiEndpoints, startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import { modelView } from './views.ts'

const token = 'a-token-of-this-test'
const model: ModelView = { ...modelView, name: 'birds' }
const handlers = Object.fromEntries(Object.keys(routes).map(name => [name, async () => ({})])) as unknown as Handlers
const done: AskEvent = {
  kind: 'done',
  text: 'iron',
  finish: 'stop',
  inputTokens: 1,
  outputTokens: 1,
  fee: '1',
  receipts: []
}

interface Source {
  /** While it is looked up which model is meant. */
  readonly model: (response: ServerResponse) => Promise<void>
  readonly ask: (response: ServerResponse, signal: AbortSignal) => AsyncGenerator<AskEvent>
}

/** The server's own part of a question, around answers of the test's; of one question. */
function serve({ model: looked, ask: asked }: Source): Promise<ApiServer> {
  let response: ServerResponse
  const endpoints = openAiEndpoints({
    models: async () => ({ items: [model], next: null }),
    async model() {
      await looked(response)
      return model
    },
    ask: (_question, signal) => asked(response, signal)
  })
  return startApiServer({
    host: '127.0.0.1',
    port: 0,
    token,
    origins: [],
    version: '1',
    handlers,
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    extend(api, callerOf) {
      api.addHook('onRequest', async (_request, reply) => {
        response = reply.raw
      })
      endpoints(api, callerOf)
    }
  })
}

function question(url: string, stream: boolean): ClientRequest {
  const call = request(new URL('/v1/chat/completions', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  })
  call.end(JSON.stringify({ model: 'birds', messages: [{ role: 'user', content: 'Fe?' }], stream }))
  return call
}

describe('whoever asks', () => {
  for (const stream of [false, true])
    it(`and hangs up before it is known what is asked pays for nothing${stream ? ' that streams' : ''}`, async () => {
      let call: ClientRequest | undefined
      let isAsked: (signal: AbortSignal) => void = () => undefined
      const asked = new Promise<AbortSignal>(resolve => {
        isAsked = resolve
      })
      const server = await serve({
        async model(response) {
          call?.destroy()
          await once(response, 'close')
        },
        async *ask(_, signal) {
          isAsked(signal)
          yield done
        }
      })
      try {
        call = question(server.url, stream)
        call.on('error', () => undefined) // it was this test that hung up
        assert.equal((await asked).aborted, true)
      } finally {
        await server.stop()
      }
    })

  it('and reads slowly leaves nothing behind at each wait for it', async () => {
    const pieces = 30
    let left: number[] = []
    const server = await serve({
      model: async () => undefined,
      async *ask(response) {
        const before = response.listenerCount('close')
        for (let i = 0; i < pieces; i++) yield { kind: 'text', text: 'x'.repeat(200_000) }
        left = [response.listenerCount('close') - before, response.listenerCount('drain')]
        yield done
      }
    })
    try {
      const [response] = (await once(question(server.url, true), 'response')) as [IncomingMessage]
      for await (const _ of response) continue
      // What is written now may wait still.
      assert.ok(left.length === 2 && left.every(count => count <= 1), `listeners: ${left.join(', ')}`)
    } finally {
      await server.stop()
    }
  })
})
