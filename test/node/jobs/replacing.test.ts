import assert from 'node:assert/strict'
import type { Desk } from '../../../node/jobs/builder/desk.ts'
import { createEscrows } from '../../../node/jobs/builder/escrows.ts'
import { createLots } from '../../../node/jobs/builder/lots.ts'
import { begin, budgetLeft, newJob, offer, withBid } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { bid, builder, builderKey, job, jobId, network, now, worker } from '../../protocol/jobs/documents.ts'
import { memoryStore } from '../data/in-memory.ts'

const escrow: Hex = `0x${'ee'.repeat(32)}`

describe('lots of a job whose workers are gone', () => {
  it('are given again at once for no more than what is left of its budget', async () => {
    const deps = {
      store: memoryStore(),
      network,
      self: builder,
      key: builderKey,
      chain: { escrows: { idOf: () => escrow } },
      peers: { connected: () => [{ address: worker }] }
    }
    const escrows = createEscrows(deps as unknown as Parameters<typeof createEscrows>[0])
    const desk = { deps, escrows, timing: {}, drive: () => undefined, nowSeconds: () => now } as unknown as Desk
    // Enough for any two of the three.
    const fresh = withBid(newJob(job({ budget: 250n }), 0, null), bid())
    const offered = [1, 2, 3].map(() => offer({ kind: 'adapter' }))
    await escrows.add(jobId, { ...fresh, state: begin(fresh.state, escrow, [builder], [3], offered) })

    const lots = createLots(desk)
    await Promise.all(offered.map((lot, i) => lots.advance(jobId, i, lot)))
    const { state } = escrows.must(jobId)
    assert.ok(state.state === 'running')
    assert.deepEqual(state.lots.map(lot => lot.state).sort(), ['funding', 'funding', 'offered'])
    assert.equal(budgetLeft(escrows.must(jobId)), 50n)
  })
})
