import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { createUse } from '../../../../node/payouts/bazaar/use.ts'
import { systemClock } from '../../../../node/runtime/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import { keccak } from '../../../../protocol/primitives/index.ts'
import type { Address } from '../../../../protocol/primitives/index.ts'
import { scratch } from '../../../harness/index.ts'
import { generateReceipt, generateReceipts } from './generate.ts'
import { openAll } from './opened.ts'

const model = keccak('model')
const day = 86_400n
const [ada, bob]: [Address, Address] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`]

/** An answer of two seconds and ten tokens, for a client on a day. */
function asked(client: Address, on: bigint, index: number): CosignedReceipt {
  const { receipt } = generateReceipt({ index, fee: 5n })
  const { message } = receipt.receipt
  const [startedAt, finishedAt] = [on * day + 10n, on * day + 12n]
  return {
    ...receipt,
    client,
    receipt: { ...receipt.receipt, message: { ...message, startedAt, finishedAt, outputTokens: 10, inputTokens: 4 } }
  }
}

describe('how much a model is used', () => {
  let folder = ''
  let open: Awaited<ReturnType<typeof openAll>>
  beforeEach(async () => {
    folder = await scratch('use')
    open = await openAll(folder)
  })
  afterEach(async () => {
    await open.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is counted by day: answers, tokens, fees, clients, and those who came back', async () => {
    const use = createUse(open.store, systemClock)
    await use.start(open.receipts)
    const list = [asked(ada, 100n, 1), asked(ada, 100n, 2), asked(bob, 100n, 3), asked(ada, 102n, 4)]
    await Promise.all(list.map(receipt => use.count(receipt)))
    const { all, days, workers } = await use.of(model, 0)
    const shown = days.map(({ day: on, answers, clients, returning }) => [on, answers, clients, returning])
    assert.deepEqual(shown, [
      [100, 3, 2, 0],
      [102, 1, 1, 1]
    ])
    assert.deepEqual([all?.answers, all?.outputTokens, all?.fees, all?.clients, all?.returning], [4, 40, 20n, 2, 1])
    assert.deepEqual([workers.length, workers[0]?.answers, workers[0]?.seconds], [1, 4, 8])
    // Only the days that are asked for.
    assert.deepEqual(
      (await use.of(model, 101)).days.map(({ day: on }) => on),
      [102]
    )
    assert.equal((await use.of(keccak('another'), 0)).all, null)
  })

  it('leaves out what cannot be counted, and nothing that came with it', async () => {
    let writes = 0
    const store: Parameters<typeof createUse>[0] = {
      collection(name, schema) {
        const table = open.store.collection(name, schema)
        if (name !== 'payouts/use-clients') return table
        const get = async (key: string) => {
          if (key.endsWith(bob)) throw new Error('a row that is none')
          return table.get(key)
        }
        return { ...table, get }
      },
      batch: (...what) => (++writes === 1 ? Promise.reject(new Error('no space is left')) : open.store.batch(...what))
    }
    const use = createUse(store, systemClock)
    const counted = async (clients: readonly Address[], from: number): Promise<string[]> => {
      const all = clients.map((client, i) => use.count(asked(client, 100n, from + i)))
      return (await Promise.allSettled(all)).map(({ status }) => status)
    }
    assert.deepEqual(await counted([ada, ada], 1), ['fulfilled', 'fulfilled'])
    assert.deepEqual(await counted([ada, bob, ada], 3), ['fulfilled', 'rejected', 'fulfilled'])
    assert.equal((await use.of(model, 0)).all?.answers, 4)
  })

  it('writes what comes one after another together, a moment after the first', async () => {
    let [writes, rest] = [0, (): void => undefined]
    const batch: typeof open.store.batch = (...what) => {
      writes++
      return open.store.batch(...what)
    }
    const sleep = (): Promise<void> =>
      new Promise(resolve => {
        rest = resolve
      })
    const use = createUse({ ...open.store, batch }, { sleep })
    await use.count(asked(ada, 100n, 1))
    const later: Promise<void>[] = []
    for (let i = 2; i <= 9; i++) {
      later.push(use.count(asked(ada, 100n, i)))
      await turn()
    }
    assert.equal(writes, 1)
    rest()
    await Promise.all(later)
    assert.deepEqual([writes, (await use.of(model, 0)).all?.answers], [2, 9])
    rest()
    await use.stop()
  })

  it('counts what was there before it, once', async () => {
    const pool = keccak('pool')
    for (const { id, receipt } of generateReceipts(250))
      await open.receipts.put({ id, pool, receipt, own: true, expiry: 1_800_000_000n, covered: 1n << 100n })
    const use = createUse(open.store, systemClock)
    await use.start(open.receipts)
    assert.equal((await use.of(model, 0)).all?.answers, 250)
    await use.stop()
    const again = createUse(open.store, systemClock)
    await again.start(open.receipts)
    assert.equal((await again.of(model, 0)).all?.answers, 250)
  })
})
