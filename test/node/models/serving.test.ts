import assert from 'node:assert/strict'
import type { ModelsDeps } from '../../../node/models/index.ts'
import { fakeEngine, tokenAt } from '../../harness/engine/serving.ts'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork, tamper } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const clientOnly = { roles: { worker: false, client: true } }

/**
 * Calls of the chain and streams opened, by name. The chain's time is asked beside what goes on, and not counted; the
 * ledger is on this node's disk.
 */
function counted(calls: string[]): (deps: ModelsDeps) => ModelsDeps {
  const watch = <T extends object>(part: T, name: string): T =>
    new Proxy(part, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          calls.push(`${name}.${String(key)}`)
          return Reflect.apply(value, target, args)
        }
      }
    })
  return deps => ({
    ...deps,
    chain: {
      ...deps.chain,
      head: () => deps.chain.head(),
      channels: {
        ...watch({ ...deps.chain.channels }, 'channels'),
        known: id => deps.chain.channels.known(id)
      },
      models: watch(deps.chain.models, 'models')
    },
    streams: {
      handle: (protocol, serve) => deps.streams.handle(protocol, serve),
      open: (peer, protocol, options) => {
        calls.push('streams.open')
        return deps.streams.open(peer, protocol, options)
      }
    }
  })
}

/** What the fake engine answers, however it comes. */
function textOf(text: string, maxTokens: number): string {
  const { messages } = question(text)
  const settings = { maxTokens, temperature: 0, seed: 7 }
  return Array.from({ length: maxTokens }, (_, i) => `w${tokenAt({ messages, settings }, i)} `).join('')
}

describe('serving many', () => {
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer
  const calls: string[] = []
  let hold: Promise<void> | undefined

  before(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', {
      engine: fakeEngine(),
      change: deps => {
        const watched = counted(calls)(deps)
        return {
          ...watched,
          // Frames of one client's answer do not leave while a test holds them.
          streams: tamper(watched.streams, async (frame, stream) => {
            if (frame.kind === 'tokens' && stream.address !== client.address) await hold
            return frame
          })
        }
      }
    })
    client = await network.addPeer('client', {
      ...clientOnly,
      policy: { depositRequests: 400 },
      change: counted(calls)
    })
    await network.serve(worker, client)
    await ask(client, question('first'))
  })
  after(() => network.stop())

  it('a known channel is served without a call of the chain, over the stream that is there', async () => {
    calls.length = 0
    for (let i = 0; i < 20; i++) assert.equal((await ask(client, question(`again ${i}`))).ids.length, 24)
    assert.deepEqual(calls, [])
  })

  it('32 at once: every token of every answer in its order, each paid, one chain of receipts', async () => {
    const before = (await client.service.channels()).items[0]?.receipts ?? 0
    const texts = Array.from({ length: 32 }, (_, i) => `many ${i}`)
    const answers = await Promise.all(texts.map(text => ask(client, question(text, { maxTokens: 200 }))))
    for (const [i, text] of texts.entries()) {
      assert.equal(answers[i]?.text, textOf(text, 200))
      assert.equal(answers[i]?.streamed, answers[i]?.text)
      assert.deepEqual(answers[i]?.workers, [{ worker: worker.address }])
      assert.equal(answers[i]?.receipts.length, 1)
    }
    const { items: channels } = await client.service.channels()
    assert.equal(channels.length, 1)
    assert.equal(channels[0]?.receipts, before + 32)
    assert.equal(channels[0]?.paid, channels[0]?.settled)
  })

  it('a client that reads slowly holds up nobody else', async () => {
    const slow = await network.addPeer('slow', clientOnly)
    await until(() => slow.service.offers(network.model).length > 0, 'the offer is known')
    let release = (): void => undefined
    hold = new Promise(resolve => {
      release = resolve
    })
    let over = false
    const held = ask(slow, question('slowly')).finally(() => {
      over = true
    })
    for (let i = 0; i < 10; i++) assert.equal((await ask(client, question(`beside ${i}`))).ids.length, 24)
    assert.equal(over, false)
    release()
    hold = undefined
    assert.equal((await held).text, textOf('slowly', 24))
    await network.kill(slow)
  })

  it('a receipt that a client was told of is there after the worker was killed', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => ask(client, question(`kept ${i}`, { maxTokens: 60 })))
    )
    await network.kill(worker)
    await network.revive(worker)
    for (const { receipts } of answers)
      for (const id of receipts) assert.deepEqual(await worker.service.receipt(id), await client.service.receipt(id))
    await until(() => client.service.offers(network.model).length > 0, 'it offers again', 30_000)
    // The pool's streams died with the worker: the next question goes over a new one.
    assert.equal((await ask(client, question('after'))).ids.length, 24)
  }).timeout(120_000)

  it('a worker that was started again is waited for while it opens its model', async () => {
    let open = (): void => undefined
    const opened = new Promise<void>(resolve => {
      open = resolve
    })
    const engine = fakeEngine()
    let tried = 0
    await network.kill(worker)
    await network.revive(worker, {
      ...worker.options,
      engine: {
        ...engine,
        open: async folder => {
          await opened
          return engine.open(folder)
        }
      },
      change: deps => ({
        ...deps,
        streams: {
          ...deps.streams,
          handle: (protocol, serve) =>
            deps.streams.handle(protocol, stream => {
              if (protocol === '/tilth/models/infer/1') tried++
              return serve(stream)
            })
        }
      })
    })
    const asked = ask(client, question('while it opens'))
    asked.catch(() => undefined) // awaited below
    await until(() => tried > 1, 'it is asked again', 60_000)
    open()
    assert.equal((await asked).ids.length, 24)
  }).timeout(120_000)

  it('a channel that is closed on chain meanwhile is not served on', async () => {
    const [channel] = (await client.service.channels()).items
    assert.ok(channel !== undefined)
    const served = async () =>
      (await worker.service.channels()).items.find(({ role, id }) => role === 'worker' && id === channel.id)
    assert.equal((await served())?.state, 'open')
    await client.chain.channels.startClose(channel.id)
    await until(async () => (await served())?.state === 'closing', 'the worker has heard of it', 30_000)
    const answer = await ask(client, question('on another channel'))
    const receipt = await client.service.receipt(answer.receipts[0] ?? '0x')
    assert.notEqual(receipt?.receipt.message.channel, channel.id)
  }).timeout(120_000)
})
