import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestClient, http, publicActions } from 'viem'
import { createChain, followChain } from '../../../node/chain/index.ts'
import type { FollowedChain } from '../../../node/chain/index.ts'
import { createSent } from '../../../node/chain/sent.ts'
import type { Mempool } from '../../../node/chain/sent.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { keccak, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { coin, scratch, startWorld } from './world.ts'
import type { World } from './world.ts'

describe('what was done on chain and is taken back', function () {
  this.timeout(120_000)
  let world: World
  let folder: string
  before(async () => {
    world = await startWorld()
    folder = await scratch('sent')
  })
  after(async () => {
    await world.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is sent again as it was signed, where the chain forgets it; over a restart, too', async () => {
    const { key, address } = await world.person('taken back')
    const anvil = createTestClient({ mode: 'anvil', transport: http(world.anvil.rpcUrl) }).extend(publicActions)
    const open = async (): Promise<FollowedChain & { close(): Promise<void> }> => {
      const store = await openStore(join(folder, 'store'))
      const plain = await createChain({
        rpcUrl: world.anvil.rpcUrl,
        addresses: world.addresses,
        privateKey: toHex(key)
      })
      const chain = await followChain(plain, { store, clock: systemClock, log: silentLog, pollMs: 20 })
      chain.ledger.start()
      await chain.ledger.caughtUp()
      return {
        ...chain,
        async close() {
          await chain.stop()
          await store.close()
        }
      }
    }
    const known = async (hash: Hex): Promise<boolean> =>
      anvil.getTransactionReceipt({ hash }).then(
        () => true,
        () => false
      )
    // The last blocks are made anew, with nothing in them: an RPC that keeps nothing of what they held.
    const forget = (depth: number): Promise<unknown> =>
      anvil.request({ method: 'anvil_reorg', params: [depth, []] } as never)

    const first = await open()
    const done = [await first.nodes.stake(3n * coin), await first.nodes.stake(4n * coin)]
    await first.ledger.caughtUp()
    assert.equal((await first.ledger.node(address)).staked, 7n * coin)
    await forget(3)
    await until(async () => (await Promise.all(done.map(one => known(one.transaction)))).every(Boolean), 'both again')
    await until(async () => (await first.ledger.node(address)).staked === 7n * coin, 'the ledger holds them again')
    await first.close()

    await forget(3)
    assert.equal(await known(done[1]!.transaction), false)
    const second = await open()
    await until(async () => (await Promise.all(done.map(one => known(one.transaction)))).every(Boolean), 'both, later')
    assert.equal(await second.nodes.stakeOf(address), 7n * coin, 'and once each')
    await second.close()
  })

  it('is given up where its place is taken, waited for where it waits, and forgotten once it is final', async () => {
    const store: Store = await openStore(join(folder, 'alone'))
    const standing = new Map<Hex, bigint | 'waiting' | undefined>()
    const taken = new Set<Hex>()
    const asked: Hex[] = []
    const mempool: Mempool = {
      standing: async hash => standing.get(hash),
      async again(raw) {
        asked.push(raw)
        return { taken: taken.has(raw) }
      }
    }
    const sent = createSent({ store, log: silentLog }, mempool)
    const names = ['a', 'b', 'c', 'd'] as const
    for (const [nonce, name] of names.entries())
      await sent.mined({ hash: keccak(name), raw: toHex(Buffer.from(name)), nonce, block: 10n + BigInt(nonce) })
    const [a, b, c, d] = names.map(name => toHex(Buffer.from(name)))
    const look = async (final: bigint): Promise<Hex[]> => {
      sent.wentOn(final)
      await sent.idle()
      return asked.splice(0)
    }
    assert.deepEqual(await look(0n), [], 'nothing was taken back')
    sent.wentBack(10n)
    standing.set(keccak('a'), 10n)
    standing.set(keccak('c'), 'waiting')
    taken.add(d!)
    assert.deepEqual(await look(0n), [b, d], 'in the order of their nonces, and none before the step back')
    standing.set(keccak('b'), 12n)
    standing.set(keccak('c'), 13n)
    assert.deepEqual(await look(0n), [], 'what cannot be done any more is not tried again')
    sent.wentBack(9n)
    standing.clear()
    assert.deepEqual(await look(12n), [c], 'what is final is not looked for')
    assert.ok(a !== undefined)
    await store.close()
  })
})
