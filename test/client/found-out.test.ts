import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFoundOutAt } from '../../client/found-out.ts'
import { connect } from '../../node/chain/connection/index.ts'
import type { Connection } from '../../node/chain/connection/index.ts'
import { manualClock } from '../../node/runtime/clock.ts'
import { keccak } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { until } from '../harness/index.ts'

const pool = keccak('pool')
const who = (n: number): Address => `0x${String(n).padStart(40, '0')}`

describe('what the chain says of workers, asked by a light client', () => {
  let server: Server
  let connection: Connection
  /** What the RPC says of any worker: null where it says nothing at all, an error where it cannot. */
  let word: bigint | null | Error
  let asked: number

  before(async () => {
    server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        const { id, method } = JSON.parse(text) as { id: number; method: string }
        const reply = (more: object): unknown =>
          response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, ...more }))
        if (method === 'eth_chainId') return reply({ result: '0x7a69' })
        asked++
        if (word === null) return undefined
        if (word instanceof Error) return reply({ error: { code: -32_602, message: word.message } })
        return reply({ result: `0x${word.toString(16).padStart(64, '0')}` })
      })
    })
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    connection = await connect({ rpcUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  })
  beforeEach(() => {
    asked = 0
  })
  after(async () => {
    server.closeAllConnections()
    server.close()
    await connection.stop()
  })

  it('is waited for a second at most, once, and no longer than the question is', async () => {
    word = null
    const clock = manualClock()
    const foundOutAt = createFoundOutAt(connection, who(100), clock)
    const first = foundOutAt(pool, who(1))
    const left = new AbortController()
    const gone = assert.rejects(foundOutAt(pool, who(1), left.signal), /left/)
    left.abort(new Error('left'))
    await gone
    await clock.advance(1_000)
    assert.equal(await first, 0n)
    // The chain is asked still: who comes now does not wait again.
    assert.equal(await foundOutAt(pool, who(1)), 0n)
    await until(() => asked === 1, 'one question')
  })

  it('is given as it was while it is asked again, and nobody asks for a while where it cannot be had', async () => {
    word = 7n
    const clock = manualClock()
    const foundOutAt = createFoundOutAt(connection, who(100), clock)
    assert.equal(await foundOutAt(pool, who(1)), 7n)
    await clock.advance(300_000)
    word = 9n
    assert.equal(await foundOutAt(pool, who(1)), 7n, 'the last word, at once')
    await until(async () => (await foundOutAt(pool, who(1))) === 9n, 'the new one')
    assert.equal(asked, 2)

    word = new Error('not now')
    assert.equal(await foundOutAt(pool, who(2)), 0n)
    const once = asked
    word = 5n
    await clock.advance(29_999)
    assert.equal(await foundOutAt(pool, who(2)), 0n)
    assert.equal(asked, once, 'a failure is remembered')
    await clock.advance(1)
    assert.equal(await foundOutAt(pool, who(2)), 5n)
  })
})
