import assert from 'node:assert/strict'
import type { Desk } from '../../../node/jobs/builder/desk.ts'
import { createEscrows } from '../../../node/jobs/builder/escrows.ts'
import { createLots } from '../../../node/jobs/builder/lots.ts'
import type { PrivateRows } from '../../../node/jobs/private-rows.ts'
import {
  award as awardLot,
  begin,
  budgetLeft,
  funded,
  newJob,
  offer,
  reoffer,
  started,
  withBid
} from '../../../protocol/jobs/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import {
  award,
  bid,
  builder,
  builderKey,
  job,
  jobId,
  network,
  now,
  strangerKey,
  worker
} from '../../protocol/jobs/documents.ts'
import { captureLog } from '../../harness/index.ts'
import { memoryStore } from '../data/in-memory.ts'

const escrow: Hex = `0x${'ee'.repeat(32)}`

describe('lots of a job whose workers are gone', () => {
  function startDesk(more: { privateRows?: Pick<PrivateRows, 'trainerGrounds'> } & Record<string, unknown> = {}) {
    const deps = {
      store: memoryStore(),
      network,
      self: builder,
      key: builderKey,
      chain: { escrows: { idOf: () => escrow } },
      peers: { connected: () => [{ address: worker }] },
      ...more
    }
    const escrows = createEscrows(deps as unknown as Parameters<typeof createEscrows>[0])
    const { timing = {}, progress } = more
    const own = { timing, progress, drive: () => undefined, nowSeconds: () => now }
    const desk = { deps, escrows, ...own } as unknown as Desk
    return { escrows, lots: createLots(desk) }
  }

  it('are given again at once for no more than what is left of its budget', async () => {
    const { escrows, lots } = startDesk()
    // Enough for any two of the three.
    const fresh = withBid(newJob(job({ budget: 250n }), 0, null), bid())
    const offered = [1, 2, 3].map(() => offer({ kind: 'adapter' }))
    await escrows.add(jobId, { ...fresh, state: begin(fresh.state, escrow, [builder], [3], offered) })
    await Promise.all(offered.map((lot, i) => lots.advance(jobId, i, lot)))
    const { state } = escrows.must(jobId)
    assert.ok(state.state === 'running')
    assert.deepEqual(state.lots.map(lot => lot.state).sort(), ['funding', 'funding', 'offered'])
    assert.equal(budgetLeft(escrows.must(jobId)), 50n)
  })

  it('go to another where a worker says that it lives, and never takes the award', async () => {
    let [ms, state] = [0, 'funded']
    const other = addressOfKey(strangerKey)
    const { escrows, lots } = startDesk({
      clock: { now: () => ms },
      peers: { connected: () => [{ address: worker }, { address: other }] },
      chain: { escrows: { idOf: () => escrow }, ledger: { escrow: async () => ({ state }) } },
      // It is heard all the time.
      progress: { live: () => ({ heardAt: ms }), tell: () => undefined },
      timing: { silenceMs: 8_000 },
      log: captureLog().log,
      events: { emit: () => undefined }
    })
    const training = started(funded(awardLot(offer({ kind: 'adapter' }), award()), escrow))
    const theirs = bid({ worker: other }, strangerKey)
    const fresh = withBid(withBid(newJob(job({ budget: 1_000n }), 0, null), bid()), theirs)
    await escrows.add(jobId, { ...fresh, state: begin(fresh.state, escrow, [builder], [3], [training]) })
    const look = async (): Promise<string | undefined> => {
      const now = escrows.must(jobId).state
      assert.ok(now.state === 'running')
      if (now.lots[0]?.state === 'training') await lots.advance(jobId, 0, now.lots[0])
      const then = escrows.must(jobId).state
      return then.state === 'running' ? then.lots[0]?.state : undefined
    }
    assert.equal(await look(), 'training')
    ms = 70_000
    assert.equal(await look(), 'training')
    ms = 81_000
    state = 'taken'
    assert.equal(await look(), 'training')
    ms = 200_000
    // It has given it back: it has as little at stake as if it had never taken it.
    state = 'refunded'
    assert.equal(await look(), 'training')
    ms = 290_000
    assert.equal(await look(), 'offered')
  })

  it('of a private Datanet go to whom its builder chose before, where it chooses, and to no other', async () => {
    const chosen = awardLot(offer({ kind: 'adapter' }), award())
    const again = reoffer(chosen, 'nothing was heard of the worker')
    for (const [byHand, forfeits, state] of [
      [true, [again.forfeit], 'funding'],
      [true, [], 'offered'],
      [false, [again.forfeit], 'offered']
    ] as const) {
      // Neither is the worker named nor does it sit: its builder is.
      const { escrows, lots } = startDesk({ privateRows: { trainerGrounds: async () => () => 'builder' } })
      const fresh = withBid(newJob(job(), 0, null, null, byHand), bid())
      const running = begin(fresh.state, escrow, [builder], [3], [again.lot])
      await escrows.add(jobId, { ...fresh, state: { ...running, forfeits: [...forfeits] } })
      await lots.advance(jobId, 0, again.lot)
      const found = escrows.must(jobId).state
      assert.deepEqual(found.state === 'running' && found.lots.map(lot => lot.state), [state])
    }
  })
})
