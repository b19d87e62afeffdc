import assert from 'node:assert/strict'
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { z } from 'zod'
import { createReceiptStore } from '../../../../node/payouts/receipts/index.ts'
import type { Entry, EntryFilter, NewEntry, ReceiptStore } from '../../../../node/payouts/receipts/index.ts'
import { silentLog, systemClock } from '../../../../node/runtime/index.ts'
import { openStore } from '../../../../node/store/index.ts'
import type { Store } from '../../../../node/store/index.ts'
import { graceSeconds, isOver, isSettled } from '../../../../protocol/payouts/index.ts'
import type { ScoringDocument, Settled } from '../../../../protocol/payouts/index.ts'
import { InvalidError, keccak } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { openUnder, scratch } from '../../../harness/index.ts'
import { fillArchive, generateReceipt, generateReceipts, settledBy } from './generate.ts'
import { openAll } from './opened.ts'

const pool = keccak('pool')
const other = keccak('other pool')
const expiry = 1_800_000_000n

async function all(receipts: ReceiptStore, filter: EntryFilter = {}): Promise<Entry[]> {
  const found: Entry[] = []
  let cursor: string | undefined
  do {
    const page = await receipts.list({ ...filter, limit: 7, cursor })
    assert.ok(page.items.length <= 7)
    found.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return found
}
const gather = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = []
  for await (const item of source) out.push(item)
  return out
}
const scoringOf = (receipt: Hex): ScoringDocument => ({
  statement: {
    type: 'Scoring',
    message: { receipt, scorer: `0x${'5c'.repeat(20)}`, attribution: keccak('attribution') },
    signature: `0x${'00'.repeat(65)}`
  },
  path: [],
  attribution: { model: keccak('model'), players: [], utilities: [1, 2], candidates: [], weights: [], others: 0n }
})
const messageOf = ({ receipt }: Pick<Entry, 'receipt'>) => receipt.receipt.message

describe('the store of receipts', function () {
  this.timeout(120_000)
  let folder = ''
  let open: Awaited<ReturnType<typeof openAll>>
  beforeEach(async () => {
    folder = await scratch('receipts')
    open = await openAll(folder)
  })
  afterEach(async () => {
    await open.close()
    // What is open is read from /proc. A file that nobody closes is closed by the garbage collector, with a warning.
    if (process.platform === 'linux') assert.deepEqual(await openUnder(folder), [])
    await rm(folder, { recursive: true, force: true })
  })
  const again = async (): Promise<ReceiptStore> => {
    await open.close()
    open = await openAll(folder)
    return open.receipts
  }
  const entry = (index: number, over: Partial<NewEntry> = {}): NewEntry => ({
    ...generateReceipt({ index, channels: 3 }),
    pool,
    own: false,
    expiry,
    covered: 2n ** 128n,
    ...over
  })
  /** Settles these receipts as an epoch would. */
  async function settleAll(
    epoch: number,
    before: Settled,
    entries: readonly NewEntry[],
    { at = 1n, missed = false } = {}
  ): Promise<Settled> {
    const counted = entries.map(one => messageOf(one))
    const after = settledBy(before, counted, expiry, at)
    await open.receipts.settle({
      pool,
      epoch,
      bundle: `bundle ${epoch}`,
      at,
      settled: after,
      counted: missed
        ? undefined
        : { ids: new Set(entries.map(({ id }) => id)), channels: new Set(counted.map(({ channel }) => channel)) }
    })
    return after
  }

  it('is what a list of receipts with their states would be, over restarts and epochs', async () => {
    type Step =
      | { readonly do: 'put'; readonly index: number; readonly own: boolean; readonly of: 0 | 1 }
      | { readonly do: 'scored'; readonly index: number }
      | { readonly do: 'settle'; readonly part: number; readonly missed: boolean }
      | { readonly do: 'restart' }
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('put' as const),
          index: fc.nat(40),
          own: fc.boolean(),
          of: fc.constantFrom(0 as const, 1 as const)
        })
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('scored' as const), index: fc.nat(40) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('settle' as const), part: fc.nat(6), missed: fc.boolean() })
      },
      { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) }
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        await open.close()
        await rm(folder, { recursive: true, force: true })
        open = await openAll(folder)
        const model = new Map<Hex, Entry>()
        let settled: Settled = new Map()
        let epoch = 0
        const scoredIds = new Set<Hex>()
        for (const one of steps) {
          if (one.do === 'restart') await again()
          if (one.do === 'put') {
            const wanted: NewEntry = {
              ...generateReceipt({ index: one.index, channels: 3, seed: one.of === 0 ? '' : 'b' }),
              pool: one.of === 0 ? pool : one.index % 2 === 0 ? null : other,
              own: one.own,
              covered: 2n ** 128n,
              expiry
            }
            const late = wanted.pool === pool && isSettled(settled, messageOf(wanted))
            if (late && !one.own && !model.has(wanted.id)) {
              await assert.rejects(open.receipts.put(wanted), { code: 'receipt.over' })
              continue
            }
            assert.equal(await open.receipts.put(wanted), !model.has(wanted.id))
            const { expiry: _, covered: __, ...rest } = wanted
            if (!model.has(wanted.id))
              model.set(wanted.id, {
                ...rest,
                state: late ? { name: 'settled', epoch } : { name: wanted.pool === null ? 'over' : 'unscored' }
              })
          }
          if (one.do === 'scored') {
            const { id } = generateReceipt({ index: one.index, channels: 3 })
            const known = model.get(id)
            const isOpen = known?.state.name === 'unscored' || known?.state.name === 'unsettled'
            const putting = open.receipts.putScoring(id, scoringOf(id), { agreed: true })
            if (isOpen) assert.equal(await putting, known.state.name === 'unscored')
            else await assert.rejects(putting, { code: 'scoring.receipt', consequence: 'ignore' })
            if (isOpen) scoredIds.add(id)
            if (known?.state.name === 'unscored') model.set(id, { ...known, state: { name: 'unsettled' } })
          }
          if (one.do === 'settle') {
            const counted = [...model.values()].filter(
              ({ pool: of, state }, i) =>
                of === pool && (state.name === 'unscored' || state.name === 'unsettled') && i % 7 >= one.part
            )
            settled = await settleAll(
              ++epoch,
              settled,
              counted.map(known => ({ ...known, expiry, covered: 2n ** 128n })),
              one
            )
            for (const known of counted) model.set(known.id, { ...known, state: { name: 'settled', epoch } })
          }
        }
        const sorted = [...model.values()].sort((a, b) =>
          messageOf(a).finishedAt === messageOf(b).finishedAt
            ? 0
            : messageOf(a).finishedAt < messageOf(b).finishedAt
              ? -1
              : 1
        )
        const ids = (entries: readonly Entry[]): Hex[] => entries.map(({ id }) => id).sort()
        const shown = await all(open.receipts)
        assert.deepEqual(
          shown.map(one => messageOf(one).finishedAt),
          sorted.map(one => messageOf(one).finishedAt)
        )
        assert.deepEqual(
          (await all(open.receipts, { order: 'newest' })).map(({ id }) => id),
          shown.map(({ id }) => id).reverse()
        )
        for (const one of shown) {
          assert.deepEqual(one, model.get(one.id))
          const words = await open.receipts.scorings(one.id)
          assert.deepEqual(words, scoredIds.has(one.id) ? [scoringOf(one.id)] : [])
        }
        for (const scope of [pool, other])
          assert.deepEqual(
            ids(await all(open.receipts, { pool: scope })),
            ids(sorted.filter(one => one.pool === scope))
          )
        const isOpen = ({ pool: of, state }: Entry): boolean =>
          of === pool && (state.name === 'unscored' || state.name === 'unsettled')
        assert.deepEqual(ids(await gather(open.receipts.open(pool))), ids(sorted.filter(isOpen)))
        assert.deepEqual(await open.receipts.openIds(pool, '', 1000), ids(sorted.filter(isOpen)))
        for (const channel of new Set(sorted.map(one => messageOf(one).channel)))
          assert.equal(
            await open.receipts.feesOf(pool, channel),
            sorted
              .filter(one => one.pool === pool && messageOf(one).channel === channel)
              .reduce((sum, one) => sum + messageOf(one).fee, 0n)
          )
        assert.equal((await open.receipts.pool(pool)).epoch, epoch)
      }),
      { numRuns: 25 }
    )
  })

  it('puts each once, however many bring it at the same time', async () => {
    const entries = Array.from({ length: 50 }, (_, i) => entry(i % 25))
    const fresh = await Promise.all(entries.map(one => open.receipts.put(one)))
    assert.equal(fresh.filter(Boolean).length, 25)
    assert.equal((await all(open.receipts)).length, 25)
  })

  it('of two receipts at one place keeps the lower id whichever came first, and always the own one', async () => {
    const two = [entry(1), { ...entry(1), ...generateReceipt({ index: 1, channels: 3, fee: 5n }) }].sort((a, b) =>
      a.id < b.id ? -1 : 1
    )
    const [low, high] = [two[0]!, two[1]!]
    await open.receipts.put(high)
    await open.receipts.put(low)
    await assert.rejects(open.receipts.put(high), { code: 'receipt.place', consequence: 'ignore' })
    assert.deepEqual(
      (await all(open.receipts)).map(({ id }) => id),
      [low.id]
    )
    assert.equal(await open.receipts.feesOf(pool, messageOf(low).channel), messageOf(low).fee)
    assert.deepEqual(await open.receipts.openIds(pool, '', 10), [low.id])
    // The own one stands, and takes the place of another.
    await open.receipts.put({ ...high, own: true })
    await assert.rejects(open.receipts.put(low), { code: 'receipt.place' })
    assert.deepEqual(
      (await all(open.receipts)).map(({ id }) => id),
      [high.id]
    )
  })

  it('when an epoch counts another receipt at its place, an own one is history and another is gone', async () => {
    const [mine, theirs] = [entry(0, { own: true }), entry(1)]
    await open.receipts.put(mine)
    await open.receipts.put(theirs)
    const counted = [0, 1].map(index => ({ ...entry(index), ...generateReceipt({ index, channels: 3, fee: 1n }) }))
    await settleAll(1, new Map(), counted)
    assert.equal(await open.receipts.get(theirs.id), undefined)
    assert.deepEqual((await open.receipts.get(mine.id))?.state, { name: 'over' })
    assert.deepEqual(await open.receipts.openIds(pool, '', 10), [])
  })

  it('lets go of what no epoch can count any more, and never of what one still can', async () => {
    const [mine, theirs] = [entry(0, { own: true }), entry(1)]
    await open.receipts.put(mine)
    await open.receipts.put(theirs)
    const end = expiry + graceSeconds
    await settleAll(1, new Map(), [], { at: end })
    assert.equal((await open.receipts.openIds(pool, '', 10)).length, 2)
    assert.equal(isOver(expiry, end + 1n), true)
    await settleAll(2, new Map(), [], { at: end + 1n })
    assert.deepEqual((await open.receipts.get(mine.id))?.state, { name: 'over' })
    assert.equal(await open.receipts.get(theirs.id), undefined)
    await assert.rejects(open.receipts.put(entry(4)), { code: 'receipt.over', consequence: 'ignore' })
    // A late own one is kept, as history.
    await open.receipts.put(entry(7, { own: true }))
    assert.deepEqual((await open.receipts.get(entry(7).id))?.state, { name: 'over' })
  })

  it('does an epoch over that a crash cut short: a file that no row names is none', async () => {
    const entries = Array.from({ length: 9 }, (_, i) => entry(i))
    for (const one of entries) await open.receipts.put(one)
    // The crash came after the file was written, and before its rows: what is in the file is in the tables too.
    const rows = open.store.batch.bind(open.store)
    open.store.batch = async () => {
      throw new Error('the process ends here')
    }
    await assert.rejects(settleAll(1, new Map(), entries))
    open.store.batch = rows
    assert.equal((await readdir(join(folder, 'receipts'))).length, 1)
    await writeFile(join(folder, 'receipts', 'half.receipts.new'), 'half')
    const receipts = await again()
    assert.deepEqual(await readdir(join(folder, 'receipts')), [])
    assert.deepEqual(
      (await all(receipts)).map(({ state }) => state.name),
      entries.map(() => 'unscored')
    )
    await settleAll(1, new Map(), entries)
    assert.deepEqual(
      (await all(open.receipts)).map(({ state }) => state),
      entries.map(() => ({ name: 'settled', epoch: 1 }))
    )
    assert.equal((await readdir(join(folder, 'receipts'))).length, 1)
  })

  it('lives on without a file that is damaged or gone, and shows all others', async () => {
    const parts = [0, 1, 2].map(part => [0, 1, 2].map(i => entry(3 * part + i, { own: true })))
    let settled: Settled = new Map()
    for (const [i, part] of parts.entries()) {
      for (const one of part) await open.receipts.put(one)
      settled = await settleAll(i + 1, settled, part)
    }
    const files = (await readdir(join(folder, 'receipts'))).sort()
    assert.equal(files.length, 3)
    const path = join(folder, 'receipts', files[0]!)
    await open.close()
    await truncate(path, (await readFile(path)).length - 5)
    await rm(join(folder, 'receipts', files[1]!))
    open = await openAll(folder)
    const left = parts[2]!.map(({ id }) => id).sort()
    for (let round = 0; round < 2; round++) {
      assert.deepEqual((await all(open.receipts)).map(({ id }) => id).sort(), left)
      assert.equal(await open.receipts.get(parts[0]![0]!.id), undefined)
      await again()
    }
  })

  it('files away what no epoch will ever count, so that the database does not grow by it', async () => {
    await open.close()
    open = await openAll(folder, { maxOver: 100 })
    const mine = [...generateReceipts(260, { channels: 10 })]
    for (const [i, { id, receipt }] of mine.entries())
      await open.receipts.put({ id, receipt, pool: null, own: i % 2 === 0, expiry, covered: 0n })
    const bodies = await gather(open.store.collection('payouts/receipts', z.unknown()).keys())
    assert.ok(bodies.length <= 100, `${bodies.length} are left`)
    assert.equal((await readdir(join(folder, 'receipts'))).length, 2)
    // Own ones are in files; others' are let go.
    const shown = await all(open.receipts)
    assert.equal(shown.filter(({ own }) => own).length, 130)
    assert.equal(shown.length, 130 + 50)
    assert.deepEqual((await open.receipts.get(mine[0]!.id))?.state, { name: 'over' })
    await again()
    assert.equal((await all(open.receipts)).length, 180)
  })

  it("keeps of others' receipts what their channels hold and no epoch has counted, and all own ones", async () => {
    const [first, second, third] = [0, 3, 6].map(index => entry(index, { covered: 5_000n }))
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const fee = (one: NewEntry): bigint => one.receipt.receipt.message.fee
    const both = fee(first) + fee(second)
    await open.receipts.put({ ...first, covered: both })
    await assert.rejects(open.receipts.put({ ...second, covered: both - 1n }), {
      code: 'receipt.uncovered',
      consequence: 'ignore'
    })
    await open.receipts.put({ ...second, covered: both })
    await settleAll(1, new Map(), [first, second])
    await assert.rejects((await again()).put({ ...third, covered: both }), { code: 'receipt.uncovered' })
    await open.receipts.put({ ...third, own: true, covered: 0n })
    assert.equal(await open.receipts.feesOf(pool, messageOf(third).channel), both + fee(third))
  })

  it("of others' receipts keeps those that pay most, as many as its bound, over restarts, and all own", async () => {
    const maxOthers = 50
    await open.close()
    open = await openAll(folder, { maxOthers })
    const made = (i: number, seed: string, fee: bigint, own = false): NewEntry => {
      const model = keccak(seed)
      const generated = generateReceipt({ index: i, channels: 7, seed, model, fee })
      return { ...generated, pool: i % 2 === 0 ? pool : other, own, expiry, covered: 2n ** 128n }
    }
    for (let i = 0; i < 10; i++) await open.receipts.put(made(i, 'own', 1n, true))
    const refused: bigint[] = []
    const put = async (one: NewEntry): Promise<void> => {
      await open.receipts.put(one).catch((error: unknown) => {
        assert.ok(error instanceof InvalidError && error.code === 'receipt.cheap', String(error))
        refused.push(messageOf(one).fee)
      })
    }
    for (let i = 0; i < 120; i++) await put(made(i, 'cheap', BigInt(10 + (i % 5))))
    for (let i = 0; i < 30; i++) await put(made(i, 'paying', BigInt(1_000 + i)))
    await open.close()
    open = await openAll(folder, { maxOthers })
    for (let i = 0; i < 30; i++) await put(made(i, 'late and cheap', 11n))
    const kept = await all(open.receipts)
    const theirs = kept.filter(({ own }) => !own)
    assert.equal(kept.length - theirs.length, 10)
    assert.ok(theirs.length <= maxOthers && theirs.length >= maxOthers - 2, `${theirs.length} are kept`)
    assert.equal(theirs.filter(one => messageOf(one).fee >= 1_000n).length, 30)
    assert.ok(refused.every(fee => fee < 1_000n))
    // Nothing of those that went is left: what a channel's open ones come to is the sum of what is there.
    for (const one of theirs) {
      const { channel } = messageOf(one)
      const sum = theirs
        .filter(each => messageOf(each).channel === channel && each.pool === one.pool)
        .reduce((total, each) => total + messageOf(each).fee, 0n)
      assert.equal(await open.receipts.feesOf(one.pool ?? pool, channel), sum)
    }
    const ids = [...(await open.receipts.openIds(pool, '', 1000)), ...(await open.receipts.openIds(other, '', 1000))]
    assert.equal(ids.length, kept.length)
  })

  it('a cursor that is none is refused', async () => {
    await assert.rejects(
      open.receipts.list({ cursor: 'x' }),
      (error: unknown) => error instanceof InvalidError && error.code === 'page.cursor'
    )
  })

  it('with 100,000 receipts behind it reads at its start and for a page what it needs, not what there is', async () => {
    await open.close()
    await rm(folder, { recursive: true, force: true })
    let store = await openStore(join(folder, 'db'))
    await fillArchive(store, join(folder, 'receipts'), { pool, epochs: 5, perEpoch: 20_000 })
    await store.close()
    store = await openStore(join(folder, 'db'))
    // Every row that is read counts, and every block of a file.
    let rows = 0
    const counting: Pick<Store, 'collection' | 'batch'> = {
      batch: (fill, options) => store.batch(fill, options),
      collection(name, schema) {
        const table = store.collection(name, schema)
        const count = async function* <T>(source: AsyncIterable<T>): AsyncGenerator<T> {
          for await (const item of source) {
            rows++
            yield item
          }
        }
        return {
          ...table,
          get: async key => {
            rows++
            return table.get(key)
          },
          entries: range => count(table.entries(range)),
          values: range => count(table.values(range)),
          keys: range => count(table.keys(range))
        }
      }
    }
    const receipts = createReceiptStore({
      store: counting,
      folder: join(folder, 'receipts'),
      log: silentLog,
      clock: systemClock
    })
    open = {
      store,
      receipts,
      async close() {
        await receipts.stop()
        await store.close()
      }
    }
    await receipts.start()
    assert.ok(rows <= 10, `${rows} rows at the start`)
    rows = 0
    const { items, next } = await receipts.list({ order: 'newest', limit: 50 })
    assert.equal(items.length, 50)
    assert.deepEqual(items[0]?.state, { name: 'settled', epoch: 5 })
    assert.ok(rows <= 50 * 5 + 10, `${rows} rows for a page`)
    rows = 0
    assert.equal((await receipts.list({ order: 'newest', limit: 50, cursor: next ?? '' })).items.length, 50)
    assert.ok(rows <= 50 * 5 + 10, `${rows} rows for the next page`)
    rows = 0
    const { id } = generateReceipt({ index: 54_321, seed: pool })
    assert.deepEqual((await receipts.get(id))?.state, { name: 'settled', epoch: 3 })
    assert.ok(rows <= 5)
    rows = 0
    await receipts.put(entry(3))
    assert.ok(rows <= 12, `${rows} rows for a put`)
  })
})
