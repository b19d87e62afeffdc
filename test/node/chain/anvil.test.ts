import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPublicClient, createTestClient, http, publicActions } from 'viem'
import { createChain, deploy, developmentKey, startAnvil } from '../../../node/chain/index.ts'
import { signTransaction } from '../../../node/chain/connection/sender.ts'
import { openBlockLog } from '../../../node/chain/local/block-log.ts'
import { isAlive } from '../../../node/runtime/processes.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { fromHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { openUnder } from '../../harness/index.ts'
import { scratch } from './world.ts'

const somebody: Address = `0x${'cc'.repeat(20)}`
const index = join(import.meta.dirname, '../../../node/chain/index.ts')

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50)
}

describe('the local chain', () => {
  let folder: string
  beforeEach(async () => {
    folder = await scratch('chain')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('goes on where it was stopped, on the same addresses', async () => {
    const first = await startAnvil({ folder })
    const addresses = await deploy({ rpcUrl: first.rpcUrl, privateKey: first.faucetKey })
    const chain = await createChain({ rpcUrl: first.rpcUrl, addresses, privateKey: first.faucetKey })
    await chain.tokens.transfer(somebody, 7n)
    const { block } = await chain.head()
    await chain.stop()
    await first.stop()
    assert.equal(isAlive(first.pid), false)

    const second = await startAnvil({ folder })
    const again = await createChain({ rpcUrl: second.rpcUrl, addresses, privateKey: second.faucetKey })
    assert.equal((await again.head()).block, block)
    assert.equal(await again.tokens.balanceOf(somebody), 7n)
    await again.tokens.transfer(somebody, 1n)
    assert.equal(await again.tokens.balanceOf(somebody), 8n)
    await again.stop()
    await second.stop()
  })

  it('is killed at any moment, and has every block that it told of, down to their hashes', async () => {
    const first = await startAnvil({ folder })
    const addresses = await deploy({ rpcUrl: first.rpcUrl, privateKey: first.faucetKey })
    let anvil = first
    const told = new Map<bigint, { hash: string; timestamp: bigint }>()
    let sent = 0n
    for (const round of [1, 2, 3]) {
      const chain = await createChain({ rpcUrl: anvil.rpcUrl, addresses, privateKey: anvil.faucetKey })
      const observer = createPublicClient({ transport: http(anvil.rpcUrl) })
      for (let i = 0; i < 5; i++) {
        // Some at once, which may share a block, and some alone; and once a block without any.
        await Promise.all(Array.from({ length: 1 + (i % 3) }, () => chain.tokens.transfer(somebody, 1n)))
        sent += BigInt(1 + (i % 3))
        if (i === 3) await anvil.advance(100 * round)
        const { number, hash, timestamp } = await observer.getBlock()
        told.set(number, { hash, timestamp })
      }
      const last = chain.tokens.transfer(somebody, 0n).catch(() => undefined)
      process.kill(anvil.pid, 'SIGKILL')
      assert.equal((await anvil.exited).code, 'anvil.died')
      await chain.stop()
      await last
      anvil = await startAnvil({ folder, port: anvil.port })
      const again = createPublicClient({ transport: http(anvil.rpcUrl) })
      for (const [blockNumber, { hash, timestamp }] of told) {
        const block = await again.getBlock({ blockNumber })
        assert.deepEqual([block.hash, block.timestamp], [hash, timestamp], `block ${blockNumber}`)
      }
      const plain = await createChain({ rpcUrl: anvil.rpcUrl, addresses })
      assert.equal(await plain.tokens.balanceOf(somebody), sent)
      await plain.stop()
    }
    await anvil.stop()
  })

  it('takes what it was sent before it was killed, told or not', async () => {
    const first = await startAnvil({ folder })
    const addresses = await deploy({ rpcUrl: first.rpcUrl, privateKey: first.faucetKey })
    const key = fromHex(first.faucetKey)
    const nonce = await createPublicClient({ transport: http(first.rpcUrl) }).getTransactionCount({
      address: addressOfKey(key)
    })
    await first.stop()
    const log = await openBlockLog(folder)
    const fees = { gas: 100_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n }
    await log.sent([signTransaction({ to: somebody, value: 5n, nonce, chainId: 31337, type: 'eip1559', ...fees }, key)])
    await log.close()
    await appendFile(join(folder, 'blocks.jsonl'), '{"sent":"0x02f8') // half a line, of a kill
    const second = await startAnvil({ folder })
    const client = createPublicClient({ transport: http(second.rpcUrl) })
    assert.equal(await client.getTransactionCount({ address: addressOfKey(key) }), nonce + 1)
    assert.equal(await client.getBalance({ address: somebody }), 5n)
    assert.ok((await client.getCode({ address: addresses.anchor })) !== undefined)
    await second.stop()
  })

  it('takes thousands that are sent at once, the last first, and has them after a kill', async () => {
    const key = fromHex(await developmentKey())
    const fees = { gas: 21_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n }
    const raw = (nonce: number): Hex =>
      signTransaction({ to: somebody, value: 1n, nonce, chainId: 31337, type: 'eip1559', ...fees }, key)
    const first = await startAnvil({ folder })
    const sent = Array.from({ length: 1_500 }, (_, i) => raw(1_500 - i))
    const { headers } = await fetch(first.rpcUrl, { method: 'POST', body: '{}' })
    assert.equal(headers.get('keep-alive'), null, 'it ends no connection because nothing was said for a while')
    const client = createPublicClient({ transport: http(first.rpcUrl, { timeout: 60_000, retryCount: 0 }) })
    await Promise.all(sent.map(serializedTransaction => client.sendRawTransaction({ serializedTransaction })))
    process.kill(first.pid, 'SIGKILL')
    await first.exited

    const second = await startAnvil({ folder })
    const again = createPublicClient({ transport: http(second.rpcUrl) })
    const counted = (): Promise<number> => again.getTransactionCount({ address: addressOfKey(key) })
    assert.equal(await counted(), 0, 'all wait for one')
    await again.sendRawTransaction({ serializedTransaction: raw(0) })
    await until(async () => (await counted()) === 1_501)
    assert.equal(await again.getBalance({ address: somebody }), 1_501n)
    await second.stop()
  })

  it('leaves no file open that is written anew while the chain ends', async function () {
    if (process.platform !== 'linux') this.skip() // what is open is read from /proc
    const held = async (): Promise<number> => (await openUnder(join(folder, 'blocks.jsonl'))).length
    const log = await openBlockLog(folder)
    assert.equal(await held(), 1)
    await Promise.all([log.keepAfter(1), log.close()])
    assert.equal(await held(), 0)
  })

  it('forgets what was taken back, and writes its state once the log is long', async () => {
    const first = await startAnvil({ folder })
    const client = createTestClient({ mode: 'anvil', transport: http(first.rpcUrl) }).extend(publicActions)
    const state = await readFile(join(folder, 'state.json'), 'utf8')
    await client.mine({ blocks: 20 })
    await client.request({ method: 'anvil_rollback', params: [5] } as never)
    await client.mine({ blocks: 2 })
    const before = await client.getBlock()
    process.kill(first.pid, 'SIGKILL')
    await first.exited
    assert.equal(await readFile(join(folder, 'state.json'), 'utf8'), state)
    const second = await startAnvil({ folder, port: first.port })
    assert.deepEqual([before.number, (await client.getBlock()).hash], [17n, before.hash])
    await client.mine({ blocks: 300 })
    assert.equal(await readFile(join(folder, 'blocks.jsonl'), 'utf8'), '')
    await second.stop()
  })

  it('loses nothing that was acknowledged through a WebSocket, whatever its frames look like', async () => {
    const first = await startAnvil({ folder })
    const socket = new WebSocket(first.rpcUrl.replace('http', 'ws'))
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', reject)
    })
    const waiting = new Map<number, (answer: { result?: unknown; error?: unknown }) => void>()
    const pushed: string[] = []
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const answer = JSON.parse(data) as { id?: number; method?: string; result?: unknown; error?: unknown }
      if (answer.id === undefined) pushed.push(answer.method ?? '')
      else waiting.get(answer.id)?.(answer)
    })
    let last = 0
    const ask = (method: string, ...params: unknown[]): Promise<{ result?: unknown; error?: unknown }> =>
      new Promise(resolve => {
        waiting.set(++last, resolve)
        socket.send(JSON.stringify({ jsonrpc: '2.0', id: last, method, params }))
      })
    const key = fromHex(first.faucetKey)
    const fees = { gas: 100_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n }
    const plain = { to: somebody, value: 1n, chainId: 31337, type: 'eip1559', ...fees } as const
    const send = (nonce: number, data: `0x${string}` = '0x') =>
      ask('eth_sendRawTransaction', signTransaction({ ...plain, nonce, data, gas: 3_000_000n }, key))
    assert.ok((await ask('eth_subscribe', 'newHeads')).result !== undefined, 'what only asks goes through')
    const sizes = [0, 60, 200, 40_000]
    const sent = sizes.map((size, nonce) => send(nonce, `0x${'00'.repeat(size)}`))
    // Beside them, questions and their answers, which come as they can.
    const asked = await Promise.all(Array.from({ length: 20 }, () => ask('eth_chainId')))
    assert.ok(asked.every(({ result }) => result === '0x7a69'))
    for (const one of await Promise.all(sent)) assert.match(String(one.result), /^0x[0-9a-f]{64}$/)
    process.kill(first.pid, 'SIGKILL')
    await first.exited
    socket.close()
    assert.ok(pushed.includes('eth_subscription'))

    const second = await startAnvil({ folder })
    const client = createPublicClient({ transport: http(second.rpcUrl) })
    assert.equal(await client.getBalance({ address: somebody }), BigInt(sizes.length))
    await second.stop()
  })

  /** A process that has started a chain, and stays. */
  async function startParent(detached: boolean) {
    const script = `
      import { startAnvil } from ${JSON.stringify(index)}
      process.on('SIGINT', () => console.log('interrupted'))
      const { pid, rpcUrl, faucetKey } = await startAnvil({ folder: process.argv[1] })
      console.log(JSON.stringify({ pid, rpcUrl, faucetKey }))
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached
    })
    const line = (): Promise<string> =>
      new Promise((resolve, reject) => {
        parent.stdout.once('data', (chunk: Buffer) => {
          resolve(chunk.toString())
        })
        parent.once('close', code => {
          reject(new TypeError(`the parent ended with ${code}`))
        })
      })
    const chain = JSON.parse(await line()) as { pid: number; rpcUrl: string; faucetKey: `0x${string}` }
    const kill = async (): Promise<void> => {
      parent.removeAllListeners('close')
      parent.kill('SIGKILL')
      await new Promise(resolve => {
        parent.once('close', resolve)
      })
    }
    return { parent, chain, line, kill }
  }

  it('ends with its parent, however that one ends, and goes on from there', async () => {
    const { chain: orphan, kill } = await startParent(false)
    const addresses = await deploy({ rpcUrl: orphan.rpcUrl, privateKey: orphan.faucetKey })
    await kill()
    await until(async () => !isAlive(orphan.pid))

    const second = await startAnvil({ folder })
    const chain = await createChain({ rpcUrl: second.rpcUrl, addresses })
    assert.equal(await chain.tokens.totalSupply(), 10n ** 27n)
    await chain.stop()
    await second.stop()
  })

  it('is ended before another starts on its folder', async () => {
    const first = await startAnvil({ folder })
    const second = await startAnvil({ folder })
    assert.equal(isAlive(first.pid), false)
    await second.stop()
  })

  it('is not ended by a Ctrl-C that its parent hears', async () => {
    const { parent, chain, line, kill } = await startParent(true)
    const heard = line()
    process.kill(-(parent.pid ?? 0), 'SIGINT') // the whole group, as a terminal does
    assert.match(await heard, /interrupted/)
    const client = await fetch(chain.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'
    })
    assert.equal(client.status, 200)
    await kill()
    await until(async () => !isAlive(chain.pid))
  })

  it('says which port is in use', async () => {
    const server = createServer()
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await assert.rejects(
      startAnvil({ folder, port }),
      error =>
        (error as { code: string; message: string }).code === 'anvil.port' &&
        (error as Error).message.includes(String(port))
    )
    await new Promise(resolve => {
      server.close(resolve)
    })
  })

  it('refuses a state that cannot be read rather than forgetting it', async () => {
    await writeFile(join(folder, 'state.json'), '{"half":')
    await assert.rejects(startAnvil({ folder }), { code: 'anvil.state' })
  })

  it('refuses a log with a line that cannot be read, by its number, and leaves it as it is', async () => {
    const log = '{"sent":"0x00"}\n{"block":{"number":\n{"sent":"0x01"}\n'
    await writeFile(join(folder, 'blocks.jsonl'), log)
    await assert.rejects(startAnvil({ folder }), { code: 'anvil.state', message: /^line 2 of .*blocks\.jsonl/ })
    assert.equal(await readFile(join(folder, 'blocks.jsonl'), 'utf8'), log)
  })

  it('lets time pass when a test asks for it', async () => {
    const anvil = await startAnvil({ folder, chainId: 4242 })
    const addresses = await deploy({ rpcUrl: anvil.rpcUrl, privateKey: anvil.faucetKey })
    const chain = await createChain({ rpcUrl: anvil.rpcUrl, addresses })
    assert.equal(chain.network.chainId, 4242)
    const before = await chain.head()
    await anvil.advance(1000)
    const after = await chain.head()
    assert.ok(after.timestamp >= before.timestamp + 1000n)
    await chain.stop()
    await anvil.stop()
  })
})
