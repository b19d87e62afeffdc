import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPublicClient, http, keccak256 } from 'viem'
import { createSender } from '../../../node/chain/connection/sender.ts'
import type { Sender } from '../../../node/chain/connection/sender.ts'
import { keccak, zeroAddress, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

interface Call {
  readonly id: number
  readonly method: string
  readonly params?: readonly Hex[]
}

/** A public RPC: many machines, of which one takes a transaction and breaks off, and others know of it later. */
class Rpc {
  readonly taken: Hex[] = []
  /** Answers before the others have heard of the first one. */
  behind = 3
  /** Another process with the same key was faster. */
  isLate = false

  answer({ method, params: [given = '0x'] = [] }: Call): unknown {
    switch (method) {
      case 'eth_chainId':
        return '0x7a69'
      case 'eth_estimateGas':
        return '0x5208'
      case 'eth_maxPriorityFeePerGas':
        return '0x1'
      case 'eth_getBlockByNumber':
        return { baseFeePerGas: '0x1', number: '0x1', timestamp: '0x1', transactions: [] }
      case 'eth_getTransactionCount':
        return `0x${this.taken.length.toString(16)}`
      case 'eth_getTransactionByHash':
        return null
      case 'eth_getTransactionReceipt':
        return this.behind-- > 0 || !this.taken.some(raw => keccak256(raw) === given)
          ? null
          : { transactionHash: given, status: '0x1', blockNumber: '0x1', blockHash: zeroHash, logs: [], type: '0x2' }
      default:
        throw new Error(`nobody calls ${method} here`)
    }
  }
}

describe('a transaction whose first sending breaks off', () => {
  let server: Server
  let rpc: Rpc

  before(async () => {
    server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        const call = JSON.parse(text) as Call
        const reply = (more: object): unknown =>
          response
            .setHeader('content-type', 'application/json')
            .end(JSON.stringify({ jsonrpc: '2.0', id: call.id, ...more }))
        if (call.method !== 'eth_sendRawTransaction') return reply({ result: rpc.answer(call) })
        const [raw = '0x'] = call.params ?? []
        if (rpc.taken.includes(raw) || (rpc.isLate && rpc.taken.length > 0))
          return reply({ error: { code: -32_000, message: 'nonce too low' } })
        rpc.taken.push(rpc.isLate ? zeroHash : raw)
        return rpc.taken.length === 1 ? request.socket.destroy() : reply({ result: keccak256(raw) })
      })
    })
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
  })
  beforeEach(() => {
    rpc = new Rpc()
  })
  after(() => server.close())

  function senderHere(): Sender {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return createSender({
      client: createPublicClient({ transport: http(url, { retryCount: 0 }) }),
      chainId: 31_337,
      privateKey: keccak('a key'),
      pollMs: 5,
      onMined: async () => undefined
    })
  }

  it('is not signed anew where the others say only that its place is taken: it would be done twice', async () => {
    const sender = senderHere()
    const { transactionHash } = await sender.send('a payment', { to: zeroAddress, value: 7n })
    await sender.stop()
    assert.equal(rpc.taken.length, 1)
    assert.equal(transactionHash, keccak256(rpc.taken[0] ?? '0x'))
  })
  it('is given up, as not done, where its place is another one’s', async () => {
    rpc.isLate = true
    const sender = senderHere()
    await assert.rejects(sender.send('a payment', { to: zeroAddress, value: 7n }), { code: 'chain.nonce' })
    await sender.stop()
    assert.deepEqual(rpc.taken, [zeroHash])
  })
})
