import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import fc from 'fast-check'
import { createOwnReceipts, openTables } from '../../../../node/payouts/receipts/index.ts'
import { createReceipts } from '../../../../node/models/receipts.ts'
import { openTables as openModelTables } from '../../../../node/models/records.ts'
import { createEvents, silentLog } from '../../../../node/runtime/index.ts'
import type { ModelEvents } from '../../../../node/models/types.ts'
import { openStore } from '../../../../node/store/index.ts'
import type { Store } from '../../../../node/store/index.ts'
import type { CosignedReceipt, Opening } from '../../../../protocol/models/index.ts'
import { receiptId } from '../../../../protocol/payouts/index.ts'
import { InvalidError, TilthError } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import { scratch } from '../../../harness/index.ts'
import { generateReceipt, network } from './generate.ts'

describe('own receipts', function () {
  this.timeout(60_000)
  let folder = ''
  let store: Store
  beforeEach(async () => {
    folder = await scratch('own')
    store = await openStore(folder)
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function models() {
    const receipts = createReceipts(
      { network, store, events: createEvents<ModelEvents>(silentLog) },
      openModelTables(store)
    )
    await receipts.load()
    return {
      ...receipts,
      receipts: (...options: Parameters<typeof receipts.list>) => receipts.list(...options),
      /** `quiet`: the process is to end before it is told of. */
      async add(index: number, opening?: Opening, quiet = false): Promise<void> {
        const { receipt } = generateReceipt({ index })
        let id: Hex | undefined
        await store.batch(batch => {
          id = receipts.keep(batch, receipt, opening)
        })
        if (id !== undefined && !quiet) receipts.announce(id, 'worker', receipt)
      }
    }
  }
  const idOf = (index: number): Hex => receiptId(network, generateReceipt({ index }).receipt)

  it('are taken once each, in the order of their coming, whenever the process ends and whatever fails', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('add' as const, 'add' as const, 'quiet' as const) },
      { weight: 2, arbitrary: fc.constantFrom('take' as const, 'fail' as const, 'tidy' as const) },
      { weight: 1, arbitrary: fc.constantFrom('restart' as const, 'release' as const) }
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        await store.close()
        await rm(folder, { recursive: true, force: true })
        store = await openStore(folder)
        const taken: Hex[] = []
        let down = false
        const take = async (receipt: CosignedReceipt): Promise<void> => {
          const id = receiptId(network, receipt)
          if (taken.includes(id)) return // known
          if (down) throw new TilthError('receipt.channel', 'the chain is behind', { consequence: 'retry' })
          taken.push(id)
        }
        let [mine, count] = [await models(), 0]
        let own = createOwnReceipts(store, mine, take, silentLog)
        for (const one of steps) {
          if (one === 'add' || one === 'quiet') await mine.add(count++, undefined, one === 'quiet')
          if (one === 'take') await own.take()
          if (one === 'tidy') await own.tidy()
          if (one === 'release')
            await store.batch(batch => {
              for (const id of taken) batch.put(openTables(store).released, id, 0)
            })
          if (one === 'fail') {
            down = true
            await own.take()
            down = false
          }
          if (one === 'restart') {
            await store.close()
            store = await openStore(folder)
            mine = await models()
            own = createOwnReceipts(store, mine, take, silentLog)
          }
        }
        await own.take()
        await own.tidy()
        assert.deepEqual(taken.toSorted(), Array.from({ length: count }, (_, i) => idOf(i)).toSorted())
        // Released ones are gone from the models phase; a new one has a new number all the same.
        await own.tidy()
        await mine.add(count)
        await own.take()
        assert.equal(taken.at(-1), idOf(count))
      }),
      { numRuns: 30 }
    )
  })

  it('that were lost with the power are taken again, though it is remembered that they were taken', async () => {
    const mine = await models()
    let taken: Hex[] = []
    const take = async (receipt: CosignedReceipt): Promise<void> => void taken.push(receiptId(network, receipt))
    for (let i = 0; i < 3; i++) await mine.add(i)
    const own = createOwnReceipts(store, mine, take, silentLog)
    await own.take()
    await own.take()
    assert.deepEqual(taken, [0, 1, 2].map(idOf))
    taken = []
    await createOwnReceipts(store, mine, take, silentLog).take()
    assert.deepEqual(taken, [0, 1, 2].map(idOf))
  })

  it('that break a rule are said and left, and keep no other from being taken', async () => {
    const mine = await models()
    const taken: Hex[] = []
    const own = createOwnReceipts(
      store,
      mine,
      async receipt => {
        const id = receiptId(network, receipt)
        if (id === idOf(1)) throw new InvalidError('receipt.signature', 'not sound')
        taken.push(id)
      },
      silentLog
    )
    for (let i = 0; i < 3; i++) await mine.add(i)
    await own.take()
    await own.tidy()
    assert.deepEqual(taken, [idOf(0), idOf(2)])
  })

  it('that are released stay with what was asked and answered until that is forgotten', async () => {
    const mine = await models()
    const opening = {} as Opening
    await mine.add(0)
    await mine.add(1, opening)
    await mine.release([idOf(0), idOf(1), idOf(7)])
    assert.equal(await mine.get(idOf(0)), undefined)
    assert.ok((await mine.get(idOf(1))) !== undefined)
    await mine.forget([idOf(1)])
    assert.equal(await mine.get(idOf(1)), undefined)
    assert.deepEqual(await mine.receipts(), [])
    const left: string[] = []
    for await (const key of openModelTables(store).receiptKeys.keys()) left.push(key)
    assert.deepEqual(left, [])
  })

  it('are shown to so many and no more, over restarts, until what was asked is forgotten', async () => {
    await (await models()).add(1, {} as Opening)
    const id = idOf(1)
    const scorer = (number: number): Address => `0x${String(number).padStart(40, '0')}`
    const first = await models()
    const shown = await Promise.all([1, 2, 3, 4, 5, 1].map(number => first.show(id, scorer(number), 4)))
    assert.deepEqual(shown, [true, true, true, true, false, true])
    const again = await models() // as after a restart
    assert.equal(await again.show(id, scorer(5), 4), false)
    assert.equal(await again.show(id, scorer(2), 4), true)
    await again.forget([id])
    assert.equal(await openModelTables(store).shownTo.get(id), undefined)
    assert.equal(await again.show(id, scorer(6), 4), false)
  })
})
