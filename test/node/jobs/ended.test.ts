import assert from 'node:assert/strict'
import { createEscrows } from '../../../node/jobs/builder/escrows.ts'
import { spentOn } from '../../../node/jobs/builder/cancel.ts'
import { jobView } from '../../../node/jobs/views.ts'
import type { ViewSources } from '../../../node/jobs/views.ts'
import { createHanding } from '../../../node/jobs/worker/handing.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { deliveryHash } from '../../../protocol/contracts/index.ts'
import {
  award as awardLot,
  begin,
  deliver,
  endOf,
  funded,
  handOver,
  newJob,
  offer,
  reoffer
} from '../../../protocol/jobs/index.ts'
import type { Assignment, Forfeit } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { award, builder, content, delivery, job, jobId, network, now, worker } from '../../protocol/jobs/documents.ts'
import { memoryStore } from '../data/in-memory.ts'

const escrow: Hex = `0x${'ee'.repeat(32)}`

describe('an award that came to nothing', () => {
  const lost = reoffer(
    deliver(funded(awardLot(offer({ kind: 'adapter' }), award()), escrow), delivery()),
    'no good',
    'x'
  )

  /** As its builder has it, once its money has ended so. */
  async function builtWith(money: Pick<Forfeit, 'refunded' | 'money'>) {
    const escrows = createEscrows({
      store: memoryStore(),
      network,
      self: builder,
      chain: { escrows: { idOf: () => escrow } }
    } as unknown as Parameters<typeof createEscrows>[0])
    const fresh = newJob(job(), 0, null)
    const state = begin(fresh.state, escrow, [builder], [3], [lost.lot])
    const record = { ...fresh, state: { ...state, forfeits: [{ ...lost.forfeit, ...money }] } }
    await escrows.add(jobId, record)
    const known = { document: record.document, bids: [], awards: [], deliveries: [], closed: null }
    const sources = {
      refusals: [],
      live: () => ({ progress: null, losses: [] }),
      awardId: escrows.awardId,
      escrowOf: () => escrow
    } as unknown as ViewSources
    return {
      standing: escrows.standing(escrows.awardId(award()), worker),
      view: jobView(jobId, known, record, sources).awards[0]?.state,
      spent: spentOn(record)
    }
  }

  for (const [money, end, standing, view] of [
    [{ refunded: false }, undefined, 'superseded', 'dead'],
    [{ refunded: false, money: 'refused' }, undefined, 'superseded', 'dead'],
    [{ refunded: true }, 'refunded', 'closed', 'refunded'],
    [{ refunded: false, money: 'paid' }, 'paid', 'closed', 'released'],
    [{ refunded: false, money: 'burnt' }, 'burnt', 'closed', 'burnt']
  ] as const)
    it(`whose money is ${end ?? 'open'} (${Object.values(money).join(', ')}) is ${view}`, async () => {
      assert.equal(endOf(money), end)
      const found = await builtWith(money)
      assert.deepEqual([found.standing, found.view], [standing, view])
      const { paid, refunded, waiting } = found.spent
      const price = award().statement.message.price
      assert.deepEqual(
        { paid, refunded, waiting },
        {
          paid: end === 'paid' || end === 'burnt' ? price : 0n,
          refunded: end === 'refunded' ? price : 0n,
          waiting: end === undefined ? price : 0n
        }
      )
    })
})

describe('what was handed in', () => {
  it('is remembered until its escrow has ended, and no longer', async () => {
    const id: Hex = `0x${'a1'.repeat(32)}`
    const assignments = new Map<Hex, Assignment>([
      [id, handOver({ state: 'queued', award: award(), escrow }, delivery(), content)]
    ])
    let state = 'taken'
    const chain = {
      ledger: { head: () => undefined },
      escrows: {
        escrow: async () => ({
          state,
          until: 2n ** 60n,
          delivery: state === 'taken' ? undefined : deliveryHash(delivery().message)
        }),
        deliver: async () => {
          state = 'delivered'
        }
      }
    }
    const ended: Hex[] = []
    const handing = createHanding(
      { chain, clock: manualClock(Number(now) * 1000), log: silentLog } as unknown as Parameters<
        typeof createHanding
      >[0],
      {
        assignments,
        keep: async (key, at) => void assignments.set(key, at),
        end: async key => void ended.push(key),
        reporter: () => undefined,
        say: async () => undefined
      }
    )
    await handing.handIn(id)
    await handing.look(id)
    assert.deepEqual([handing.isIn(id), ended], [true, []])
    state = 'burnt'
    await handing.look(id)
    assert.deepEqual([handing.isIn(id), ended, assignments.get(id)?.state], [false, [id], 'closed'])
  })
})
