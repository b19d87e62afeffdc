import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestClient, http } from 'viem'
import { createChain, deploy, refusedWith } from '../../../node/chain/index.ts'
import type { ChainError } from '../../../node/chain/index.ts'
import { describeError, keccak, toHex } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { startProxy } from './proxy.ts'
import { coin, startWorld } from './world.ts'
import type { World } from './world.ts'

const nobody: Address = `0x${'aa'.repeat(20)}`

describe('a chain client', () => {
  let world: World
  before(async () => {
    world = await startWorld()
  })
  after(() => world.stop())

  it('gives each of many writes at once its own nonce', async () => {
    const { chain } = await world.person('busy')
    const sent = await Promise.all(Array.from({ length: 12 }, (_, i) => chain.tokens.transfer(nobody, BigInt(i))))
    assert.equal(new Set(sent.map(({ transaction }) => transaction)).size, 12)
    assert.equal(await chain.tokens.balanceOf(nobody), 66n)
  })

  it('gets along with another process that uses the same key', async () => {
    const { chain, key } = await world.person('twice')
    const other = await createChain({ rpcUrl: world.anvil.rpcUrl, addresses: world.addresses, privateKey: toHex(key) })
    const to: Address = `0x${'bb'.repeat(20)}`
    await Promise.all([chain, other].flatMap(one => Array.from({ length: 5 }, () => one.tokens.transfer(to, 1n))))
    assert.equal(await chain.tokens.balanceOf(to), 10n)
    await other.stop()
  })

  it('goes on after a write that was refused', async () => {
    const { chain } = await world.person('poor', 5n)
    const [refused, fine] = await Promise.allSettled([
      chain.tokens.transfer(nobody, 6n * coin),
      chain.tokens.transfer(nobody, 1n)
    ])
    assert.ok(refused?.status === 'rejected' && refusedWith(refused.reason, 'ERC20InsufficientBalance'))
    assert.match(describeError(refused.reason), /takes 6 tokens, and the account holds 5 /)
    assert.match(describeError(refused.reason), /tilth wallet fund --local/)
    assert.equal(fine?.status, 'fulfilled')
  })

  it('names a refusal that comes from a contract behind the called one', async () => {
    const { chain } = await world.person('poorer', 1n)
    await assert.rejects(chain.nodes.stake(2n * coin), error => refusedWith(error, 'ERC20InsufficientBalance'))
  })

  it('says so when an account has no coin for gas', async () => {
    const chain = await createChain({
      rpcUrl: world.anvil.rpcUrl,
      addresses: world.addresses,
      privateKey: keccak('never funded')
    })
    await assert.rejects(chain.nodes.setPayout(nobody), { code: 'chain.gas' })
    await chain.stop()
  })

  it('refuses contracts of another version, by a function that they lack', async () => {
    const { anchor, escrow } = world.addresses
    await assert.rejects(
      createChain({ rpcUrl: world.anvil.rpcUrl, addresses: { ...world.addresses, anchor: escrow, escrow: anchor } }),
      (error: ChainError) => {
        assert.match(
          error.message,
          /the (anchor|escrow) contract at 0x[0-9a-f]{40} is of another version: it has no \w+/
        )
        return error.code === 'chain.version' && error.consequence === 'fatal'
      }
    )
  })

  it('reads without a key and does not write', async () => {
    const chain = await createChain({ rpcUrl: world.anvil.rpcUrl, addresses: world.addresses })
    assert.equal(chain.account, undefined)
    assert.equal(await chain.tokens.totalSupply(), 1_000_000_000n * coin)
    await assert.rejects(chain.tokens.transfer(nobody, 1n), { code: 'chain.read-only' })
    await assert.rejects(chain.nodes.stake(1n), { code: 'chain.read-only' })
    await chain.stop()
  })

  it('takes addresses in any case and gives them in lower case', async () => {
    const { chainId, deploymentBlock, ...addresses } = world.addresses
    assert.ok(chainId === 31337 && deploymentBlock === 1)
    const shouting = Object.fromEntries(
      Object.entries(addresses).map(([name, address]) => [name, `0x${address.slice(2).toUpperCase()}`])
    ) as unknown as typeof addresses
    const chain = await createChain({ rpcUrl: world.anvil.rpcUrl, addresses: shouting })
    assert.deepEqual(chain.addresses, addresses)
    assert.deepEqual(chain.network, { chainId: 31337, registry: world.addresses.registry })
    await chain.stop()
  })

  it('refuses addresses without contracts, and contracts of two deployments mixed', async () => {
    const { rpcUrl, faucetKey } = world.anvil
    await assert.rejects(createChain({ rpcUrl, addresses: { ...world.addresses, escrow: nobody } }), {
      code: 'chain.network'
    })
    const second = await deploy({ rpcUrl, privateKey: faucetKey })
    await assert.rejects(createChain({ rpcUrl, addresses: { ...world.addresses, token: second.token } }), {
      code: 'chain.network'
    })
  })

  it('refuses work once it is stopped', async () => {
    const { chain } = await world.person('stopped')
    const last = chain.tokens.transfer(nobody, 1n)
    await chain.stop()
    assert.ok((await last).block > 0n, 'what was under way ended')
    await assert.rejects(chain.tokens.transfer(nobody, 1n), { code: 'chain.stopped' })
  })

  it('does not wait for a chain that makes no blocks when it is stopped', async () => {
    const anvil = createTestClient({ mode: 'anvil', transport: http(world.anvil.rpcUrl) })
    const { chain } = await world.person('waiting')
    await anvil.setAutomine(false)
    const stuck = assert.rejects(chain.tokens.transfer(nobody, 1n), { code: 'chain.timeout' })
    while ((await anvil.getTxpoolStatus()).pending === 0)
      await new Promise(resolve => {
        setTimeout(resolve, 20)
      })
    await chain.stop()
    await stuck
    await anvil.setAutomine(true)
    await anvil.mine({ blocks: 1 })
  })

  it('sends the same transaction until the chain has it, and no second one', async () => {
    await world.person('patient', 10n)
    const before = await world.deployer.tokens.balanceOf(nobody)
    for (const [i, cut] of (['sent', 'answered'] as const).entries()) {
      const proxy = await startProxy(world.anvil.rpcUrl, { cut })
      const { addresses } = world
      const chain = await createChain({ rpcUrl: proxy.url, addresses, privateKey: keccak('patient') })
      const sending = chain.tokens.transfer(nobody, 1n)
      while ((proxy.calls.get('eth_sendRawTransaction') ?? 0) < 2 - i) await sleep(20)
      proxy.recipe = {}
      await sending
      assert.equal(await chain.tokens.balanceOf(nobody), before + BigInt(i + 1))
      await chain.stop()
      await proxy.stop()
    }
  })

  it('says that a chain does not answer', async () => {
    const server = createServer()
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await new Promise(resolve => {
      server.close(resolve)
    })
    await assert.rejects(createChain({ rpcUrl: `http://127.0.0.1:${port}`, addresses: world.addresses }), {
      code: 'chain.unreachable'
    })
  })
})
