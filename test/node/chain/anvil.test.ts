import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createChain, deploy, startAnvil } from '../../../node/chain/index.ts'
import { endProcess, isAlive } from '../../../node/runtime/processes.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
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

  it('survives being killed, even in the middle of writing its state', async () => {
    const first = await startAnvil({ folder })
    const addresses = await deploy({ rpcUrl: first.rpcUrl, privateKey: first.faucetKey })
    const kept = join(folder, 'state.kept.json')
    // The copy beside the state has the contracts once their code stands in it.
    await until(() =>
      readFile(kept, 'utf8').then(
        text => text.includes(addresses.anchor.slice(2)),
        () => false
      )
    )
    process.kill(first.pid, 'SIGKILL')
    const death = await first.exited
    assert.equal(death.code, 'anvil.died')
    await truncate(join(folder, 'state.json'), 1000)

    const second = await startAnvil({ folder })
    const chain = await createChain({ rpcUrl: second.rpcUrl, addresses })
    assert.equal(await chain.tokens.totalSupply(), 10n ** 27n)
    await chain.stop()
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

  it('ends the chain that a killed parent left behind, and takes up its state', async () => {
    const { chain: orphan, kill } = await startParent(false)
    const addresses = await deploy({ rpcUrl: orphan.rpcUrl, privateKey: orphan.faucetKey })
    await kill()
    assert.equal(isAlive(orphan.pid), true)

    const second = await startAnvil({ folder })
    assert.equal(isAlive(orphan.pid), false)
    const chain = await createChain({ rpcUrl: second.rpcUrl, addresses })
    await chain.stop()
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
    await endProcess({ pid: chain.pid }, 5_000)
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
