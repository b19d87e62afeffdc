import assert from 'node:assert/strict'
import fc from 'fast-check'
import { openTables } from '../../../node/models/records.ts'
import { createAnswered } from '../../../node/models/worker/answered.ts'
import { requestSeconds } from '../../../protocol/models/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'

describe('requests that were taken', () => {
  const now = 1_700_000_000n
  const request = (number: number): Hex => keccak(`request ${number}`)

  it('are known for as long as they could come again, over restarts, however few are in memory', async () => {
    const step = fc.record({
      number: fc.nat({ max: 30 }),
      // Clients' clocks differ, and what is too old is refused before anybody looks whether it was taken.
      age: fc.constantFrom(-60, 0, 0, 1, 1, Number(requestSeconds) - 1),
      does: fc.constantFrom('take' as const, 'take' as const, 'fail' as const, 'restart' as const)
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), async (steps, most) => {
        const store = memoryStore()
        const tables = openTables(store)
        const open = () => createAnswered({ store, now: () => now }, tables, most)
        let answered = open()
        const taken = new Map<Hex, bigint>()
        for (const { number, age, does } of steps) {
          const id = request(number)
          const issuedAt = taken.get(id) ?? now - BigInt(age)
          if (does === 'restart') {
            answered = open()
            await answered.load()
          } else if (await answered.has({ issuedAt }, id)) assert.ok(taken.has(id))
          else if (does === 'take') {
            taken.set(id, issuedAt)
            await store.batch(batch => answered.add(batch, { issuedAt }, id))
          } else {
            // A full disk took none of it: it may be asked again.
            const nowhere = { put: () => nowhere, delete: () => nowhere }
            answered.add(nowhere, { issuedAt }, id)
            answered.drop(id)
          }
          for (const [one, at] of taken) assert.ok(await answered.has({ issuedAt: at }, one))
        }
      }),
      { numRuns: 200 }
    )
  })

  it('are asked of the disk only where there are more than are in memory', async () => {
    const store = memoryStore()
    const tables = openTables(store)
    let asked = 0
    const served = { ...tables.served, has: (key: string) => (asked++, tables.served.has(key)) }
    const answered = createAnswered({ store, now: () => now }, { served }, 4)
    assert.equal(await answered.has({ issuedAt: now }, request(0)), false)
    assert.equal(asked, 1, 'nothing was read yet')
    await answered.load()
    for (let i = 0; i < 4; i++) {
      const statement = { issuedAt: now - 4n + BigInt(i) }
      assert.equal(await answered.has(statement, request(i)), false)
      await store.batch(batch => answered.add(batch, statement, request(i)))
      assert.equal(await answered.has(statement, request(i)), true)
    }
    assert.equal(asked, 1)
    await store.batch(batch => answered.add(batch, { issuedAt: now }, request(4)))
    assert.equal(await answered.has({ issuedAt: now - 4n }, request(0)), true)
    assert.equal(await answered.has({ issuedAt: now }, request(5)), false)
    assert.equal(asked, 2)
  })
})
