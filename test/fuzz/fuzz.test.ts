import assert from 'node:assert/strict'
import { attack } from './kit/run.ts'
import { targets } from './targets/index.ts'

// The same inputs each time, so that a change is what fails and not chance; `npm run fuzz` goes on from other seeds.

/** Cases of a target whose cases are as cheap as a message's. */
const cases = 150
const seed = 20_261_128

describe("strangers' input", () => {
  for (const target of targets)
    it(`${target.name}: typed errors, within their time`, async () => {
      const { fault, taken, refused } = await attack(target, { seed, cases: Math.ceil(cases / (target.weight ?? 1)) })
      assert.equal(fault, undefined, fault)
      assert.ok(taken + refused > 0)
    })

  it('has no two doors of one name: each is found again by it', () => {
    assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length)
  })
})
