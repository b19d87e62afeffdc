import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { openSpending } from '../../daemon/spending/index.ts'
import type { Outlay } from '../../daemon/spending/index.ts'
import { InvalidError, foreignCode } from '../../protocol/primitives/index.ts'
import { scratch } from '../harness/index.ts'

const dayMs = 86_400_000

describe('what questions may cost', () => {
  let folder = ''
  let files = 0
  before(async () => {
    folder = await scratch('spending')
  })
  const fresh = (): string => join(folder, `keys-${files++}.json`)

  it('is never more than a budget, whoever asks at once and however a process ends', async function () {
    this.timeout(120_000)
    const question = fc.record({
      key: fc.constantFrom('a', 'b', undefined),
      most: fc.bigInt({ min: 0n, max: 12n }),
      /** Of what was held, what was really paid, in hundredths. */
      paid: fc.integer({ min: 0, max: 100 }),
      /** A second worker takes over. */
      again: fc.boolean()
    })
    const round = fc.record({
      questions: fc.array(question, { minLength: 1, maxLength: 6 }),
      end: fc.constantFrom('settled', 'killed' as const),
      hours: fc.integer({ min: 0, max: 30 })
    })
    const budget = { own: 25n, a: 10n, b: 14n }
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), async rounds => {
        const path = fresh()
        let now = 20_000 * dayMs
        const open = async () => {
          const spending = await openSpending(path, () => now)
          spending.limit({ perRequest: 9n, perDay: budget.own })
          return spending
        }
        let spending = await open()
        await spending.add('a', { perRequest: 5n, perDay: budget.a })
        await spending.add('b', { perRequest: null, perDay: budget.b })
        /** What workers really got, by day and payer. */
        const got = new Map<string, bigint>()
        for (const { questions, end, hours } of rounds) {
          const day = Math.floor(now / dayMs)
          const asked: { outlay: Outlay; amount: bigint }[] = []
          await Promise.all(
            questions.map(async ({ key, most, paid, again }) => {
              const outlay = spending.begin(key)
              const allowed = outlay.most()
              try {
                await outlay.reserve(most)
              } catch (error) {
                assert.ok((error as { code: string }).code.startsWith('budget.'))
                return
              }
              assert.ok(most <= 9n && (key !== 'a' || most <= 5n) && allowed !== null)
              let amount = (most * BigInt(paid)) / 100n
              outlay.spent(amount)
              if (again) {
                const more = await outlay.reserve(amount + most).then(
                  () => true,
                  () => false
                )
                if (more) amount += (most * BigInt(paid)) / 100n
              }
              for (const payer of ['own', key])
                if (payer !== undefined) got.set(`${day} ${payer}`, (got.get(`${day} ${payer}`) ?? 0n) + amount)
              asked.push({ outlay, amount })
            })
          )
          if (end === 'killed') spending = await open()
          else
            await Promise.all(
              asked.map(async ({ outlay, amount }) => {
                outlay.spent(amount)
                await outlay.end()
              })
            )
          for (const [at, sum] of got) {
            const payer = at.split(' ')[1] as keyof typeof budget
            assert.ok(sum <= budget[payer], `${at}: ${sum}`)
          }
          now += hours * 3_600_000
        }
      }),
      { numRuns: 60 }
    )
  })

  it('is settled by what was paid, and by all that was held where that is not known', async () => {
    const path = fresh()
    const spending = await openSpending(path, () => dayMs)
    await spending.add('a', { perRequest: null, perDay: 10n })
    const first = spending.begin('a')
    await first.reserve(8n)
    await assert.rejects(spending.begin('a').reserve(3n), { code: 'budget.day', message: /2 are left/ })
    first.spent(1n)
    await first.end()
    const second = spending.begin('a')
    assert.equal(second.most(), 9n)
    await second.reserve(9n)
    await second.end()
    const [key] = spending.keys()
    assert.deepEqual([key?.spentToday, key?.held, key?.spent], [10n, 0n, 10n])
    // The next day is a new one; what was spent ever stays.
    const later = await openSpending(path, () => 2 * dayMs)
    assert.deepEqual([later.keys()[0]?.spentToday, later.keys()[0]?.spent], [0n, 10n])
  })

  it('names what forbids it, and where more is allowed', async () => {
    const unit = 10n ** 18n
    const spending = await openSpending(fresh())
    spending.limit({ perRequest: 2n * unit, perDay: null })
    await spending.add('notebook', { perRequest: unit / 10n, perDay: unit })
    await assert.rejects(spending.begin(undefined).reserve(3n * unit), {
      code: 'budget.request',
      message: /may cost 3 tokens, more than the 2 that one of this daemon may/,
      help: /spending\.perRequest/
    })
    await assert.rejects(spending.begin('notebook').reserve(unit / 5n), {
      code: 'budget.request',
      message: /0\.2 tokens, more than the 0\.1 that one of the key notebook may/
    })
    assert.throws(() => spending.begin('other'), { code: 'key.unknown' })
  })

  it('counts what calls pay against a bound of its own and the key’s, over restarts, and no refusal', async () => {
    const path = fresh()
    let now = 30_000 * dayMs
    const open = async () => {
      const spending = await openSpending(path, () => now)
      spending.limit({ perRequest: 1n, perDay: 1n, payPerDay: 20n })
      return spending
    }
    let spending = await open()
    await spending.add('bot', { perRequest: 1n, perDay: 4n }, ['money'])
    const pay = (amount: bigint, key?: string) => spending.paying(key, amount, async () => amount)
    assert.equal(await pay(6n), 6n)
    await assert.rejects(pay(15n), {
      code: 'budget.day',
      message: /would pay .* calls of this daemon/,
      help: /payPerDay/
    })
    await assert.rejects(pay(5n, 'bot'), { code: 'budget.day' })
    const refused = new InvalidError(foreignCode('wallet.poor'), 'no')
    await assert.rejects(
      spending.paying('bot', 3n, async () => Promise.reject(refused)),
      refused
    )
    // On its way it may have moved all the same.
    await assert.rejects(
      spending.paying('bot', 3n, async () => Promise.reject(new TypeError('no answer'))),
      TypeError
    )
    await assert.rejects(pay(2n, 'bot'), { code: 'budget.day', message: /the key bot/ })
    spending = await open()
    await assert.rejects(pay(12n), { code: 'budget.day' })
    assert.equal(await pay(11n), 11n)
    // Asking has its own.
    await spending.begin(undefined).reserve(1n)
    now += dayMs
    assert.equal(await pay(20n), 20n)
  })

  it('is never paid beyond the bound, whoever pays at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ amount: fc.bigInt(1n, 9n), fails: fc.boolean() }), { maxLength: 12 }),
        async payments => {
          const spending = await openSpending(fresh(), () => 40_000 * dayMs)
          spending.limit({ perRequest: null, perDay: null, payPerDay: 20n })
          let moved = 0n
          await Promise.allSettled(
            payments.map(({ amount, fails }) =>
              spending.paying(undefined, amount, async () => {
                moved += amount
                if (fails) throw new TypeError('no answer')
              })
            )
          )
          assert.ok(moved <= 20n)
        }
      ),
      { numRuns: 25 }
    )
  })

  it('goes by keys that nobody finds in the file, until they are revoked', async () => {
    const path = fresh()
    const spending = await openSpending(path)
    const { key } = await spending.add('notebook', { perRequest: null, perDay: 5n })
    await assert.rejects(spending.add('notebook', { perRequest: null, perDay: null }), { code: 'key.taken' })
    for (const name of ['', '../x', 'a b', 'x'.repeat(41)])
      await assert.rejects(spending.add(name, { perRequest: null, perDay: null }), { code: 'key.name' })
    const text = await readFile(path, 'utf8')
    assert.ok(!text.includes(key) && text.includes('notebook'))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const again = await openSpending(path)
    const found = again.find(key)
    assert.equal(found?.name, 'notebook')
    assert.equal(again.find(`${key}x`), undefined)
    await again.revoke('notebook')
    assert.ok(found?.over.aborted)
    assert.equal(again.find(key), undefined)
    assert.deepEqual((await openSpending(path)).keys(), [])
    // A file that says nothing that can be read lets nobody spend.
    await writeFile(path, '{"version":1}')
    await assert.rejects(openSpending(path), { code: 'budget.file', help: /copy/ })
  })
})
