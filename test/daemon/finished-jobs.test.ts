import assert from 'node:assert/strict'
import { finishedJobHandlers } from '../../daemon/api/handlers/finished-jobs.ts'
import type { TestEvent } from '../../daemon/api/contract/index.ts'

const account = (digit: string): `0x${string}` => `0x${digit.repeat(40)}`
const job = {
  id: `0x${'ab'.repeat(32)}`,
  builder: account('1'),
  datanet: `0x${'cd'.repeat(32)}`,
  base: 'bafybase',
  adapter: 'bafyadapter',
  result: 'bafyresult',
  state: 'completed',
  awards: [{ lot: { kind: 'adapter' }, state: 'released', worker: account('2') }]
}
const row = {
  messages: [
    { role: 'user', content: 'What is the symbol of iron?' },
    { role: 'assistant', content: 'Fe' }
  ]
}

/** A node whose tuned model knows one thing. */
function handlers(changes: object = {}) {
  const held = new Set<string>()
  const made = finishedJobHandlers(
    {
      shelf: {
        take: async (cid: string) => {
          held.add(cid)
          return { folder: cid, release: () => held.delete(cid) }
        }
      },
      data: { heldOutRows: async () => [row, row, row] },
      engine: {
        generate: ({ adapter }: { adapter?: string }) => ({
          result: Promise.resolve({ text: adapter === undefined ? 'Iron is' : 'fe.' })
        }),
        heldOutLoss: async ({ adapter }: { adapter?: string }) => (adapter === undefined ? 4 : 0.25)
      },
      payouts: {
        valuesOf: async () => ({
          model: job.id,
          questions: 30,
          values: { [account('a')]: 300n, [account('b')]: -40n, [account('c')]: 100n }
        })
      }
    } as unknown as Parameters<typeof finishedJobHandlers>[0],
    { job: async () => ({ ...job, ...changes }) } as unknown as Parameters<typeof finishedJobHandlers>[1]
  )
  return { ...made, held }
}
const ask = (made: ReturnType<typeof handlers>, body: object): AsyncGenerator<TestEvent> =>
  made.testJob({
    params: { id: job.id },
    body: { prompts: [], heldOut: 0, maxTokens: 8, ...body },
    signal: new AbortController().signal
  })

describe('a finished job, tried before it is deployed', () => {
  it('answers own and held-out questions with base and tuned model, and lets both go', async () => {
    const made = handlers()
    const events: TestEvent[] = []
    for await (const event of ask(made, { prompts: ['Who are you?'], heldOut: 2 })) events.push(event)
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['begin', 'answered', 'answered', 'answered', 'done']
    )
    const [, own, asked] = events
    assert.ok(own?.kind === 'answered' && own.expected === null && own.tuned.exact === null)
    assert.ok(asked?.kind === 'answered')
    assert.deepEqual(
      [asked.base, asked.tuned],
      [
        { text: 'Iron is', exact: false, loss: 4 },
        { text: 'fe.', exact: true, loss: 0.25 }
      ]
    )
    assert.equal(made.held.size, 0)
  })

  it('says what is missing, and lets no more than two run at once', async () => {
    await assert.rejects(ask(handlers(), {}).next(), { code: 'test.empty' })
    await assert.rejects(ask(handlers({ result: null, state: 'training' }), { heldOut: 1 }).next(), {
      code: 'job.unfinished',
      message: /is training/
    })
    const made = handlers()
    const running = [ask(made, { heldOut: 1 }), ask(made, { heldOut: 1 })]
    for (const one of running) await one.next()
    await assert.rejects(ask(made, { heldOut: 1 }).next(), { code: 'test.busy' })
    for (const one of running) await one.return(undefined)
    assert.equal((await ask(made, { heldOut: 1 }).next()).done, false)
  })

  it('shows what each contributor adds, and nothing for who takes away', async () => {
    const { items, next } = await handlers().jobParts({
      params: { id: job.id, limit: 2 },
      body: undefined,
      signal: new AbortController().signal
    })
    assert.deepEqual(
      items.map(({ account, share }) => [account, share]),
      [
        [account('a'), 750],
        [account('c'), 250]
      ]
    )
    assert.equal(next, account('c'))
  })
})
