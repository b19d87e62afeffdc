import assert from 'node:assert/strict'
import type { z } from 'zod'
import { createApiClient } from '../../daemon/api/contract/index.ts'
import type { AskEvent, ChainChannelView, Json, Route, RouteName, Routes } from '../../daemon/api/contract/index.ts'
import { startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'

const token = 'a-token-of-this-test'
const hash = `0x${'ab'.repeat(32)}` as const
const account = `0x${'01'.repeat(20)}` as const

/** Replies are JSON: neither a route's nor any other schema with a bigint or something unknown in it may be one. */
type IsReply<T> = T extends Route<z.ZodType, z.ZodType, z.ZodType<Json>> ? true : false
type With<T> = Route<z.ZodType, z.ZodType, z.ZodType<T>>
const eachIs: { readonly [N in RouteName]: IsReply<Routes[N]> } extends { readonly [N in RouteName]: true }
  ? true
  : false = true
const noneIs: [IsReply<With<{ amount: bigint }>>, IsReply<With<{ list: { at: Date }[] }>>, IsReply<With<unknown>>] = [
  false,
  false,
  false
]

const channel: ChainChannelView = {
  id: hash,
  client: account,
  worker: account,
  model: hash,
  modelName: 'birds',
  deposit: '5',
  claimed: '0',
  data: '0',
  expiry: 7,
  closesAt: null,
  closed: false,
  block: '9'
}
/** What a ledger's record would bring along: nothing keeps a spread from it, whatever the type of the view. */
const gained = { owed: 10n ** 30n, whoAsked: new Map([['a', 1n]]), note: 'meant for nobody' }

const faults: unknown[] = []
const answers: Partial<Handlers> = {
  chainChannel: async () => ({ ...channel, ...gained }),
  income: async () => {
    const paid = { kind: 'data' as const, amount: '5', scoring: '0' }
    const payment = { ...paid, of: hash, block: '7', transaction: hash, at: null, name: 'b' }
    return { items: [{ ...payment, ...gained }], next: null }
  },
  // An amount that was forgotten, by a cast that says otherwise.
  model: async () => ({ ...gained, name: 'secret internals' }) as never,
  ask: async function* (): AsyncGenerator<AskEvent> {
    yield { kind: 'text', text: 'Fe', ...gained }
    yield { kind: 'text' } as never
  }
}

describe('what the daemon answers', () => {
  let server: ApiServer
  const authorization = { authorization: `Bearer ${token}` }
  before(async () => {
    server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token,
      origins: [],
      version: '9.9.9',
      handlers: answers as Handlers,
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      onError: error => faults.push(error)
    })
  })
  after(() => server.stop())

  it('is what its contract names, whatever its handler has beside: no amount breaks it', async () => {
    assert.ok(eachIs && noneIs.every(one => !one))
    const reply = await fetch(`${server.url}/api/chain/channels/${hash}`, { headers: authorization })
    assert.equal(reply.status, 200)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
    assert.deepEqual(await reply.json(), channel)
    const { items } = await createApiClient(server.url, token).call('income', { params: { account } })
    const named = ['amount', 'at', 'block', 'kind', 'name', 'of', 'scoring', 'transaction']
    assert.deepEqual(Object.keys(items[0] ?? {}).sort(), named)
  })

  it('is a fault of its own where a handler breaks the contract, and the log alone names the field', async () => {
    faults.length = 0
    const reply = await fetch(`${server.url}/api/models/birds`, { headers: authorization })
    assert.equal(reply.status, 500)
    const text = await reply.text()
    assert.match(text, /"code":"api.reply"/)
    assert.doesNotMatch(text, /secret internals|builder/)
    const [fault] = faults as { cause?: { message?: string } }[]
    assert.match(fault?.cause?.message ?? '', /builder/)
  })

  it('is so for each event of a stream', async () => {
    faults.length = 0
    const body = JSON.stringify({ model: 'birds', messages: [{ role: 'user', content: 'Fe?' }] })
    const reply = await fetch(`${server.url}/api/ask`, {
      method: 'POST',
      headers: { ...authorization, 'content-type': 'application/json' },
      body
    })
    const events = (await reply.text())
      .split('\n')
      .filter(line => line.startsWith('data: '))
      .map(line => JSON.parse(line.slice(6)) as { kind: string; code?: string })
    assert.deepEqual(events[0], { kind: 'text', text: 'Fe' })
    assert.deepEqual([events[1]?.kind, events[1]?.code, events.length, faults.length], ['error', 'api.reply', 2, 1])
  })
})
