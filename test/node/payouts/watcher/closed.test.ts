import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { EpochOnChain, ProposalRecord } from '../../../../node/chain/types.ts'
import type { PayoutEvents } from '../../../../node/payouts/index.ts'
import type { PayoutsDeps } from '../../../../node/payouts/types.ts'
import type { Proposal } from '../../../../node/payouts/proposals.ts'
import { createWatcher } from '../../../../node/payouts/watcher/index.ts'
import type { Examine, Examined } from '../../../../node/payouts/watcher/examine.ts'
import { checksAtOnce, nextTurns } from '../../../../node/payouts/watcher/turns.ts'
import type { Turn } from '../../../../node/payouts/watcher/turns.ts'
import { createEvents, manualClock, silentLog } from '../../../../node/runtime/index.ts'
import { InvalidError, NotFoundError, keccak, zeroHash } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'

// A watcher over a chain that is a table: what a check says, or how it fails, is the test's to choose.

const window = 800n
const begun = 1_700_000_000n
const self: Address = `0x${'11'.repeat(20)}`
const liar: Address = `0x${'22'.repeat(20)}`
const right: Examined = { bundle: undefined, faults: [] }
const wrong: Examined = { bundle: undefined, faults: [{ code: 'payouts.shares' }] }

interface Scene {
  /** How a proposal is checked, by its pool; right unless named. */
  readonly checks?: Record<string, (signal: AbortSignal) => Promise<Examined>>
  /** Pools in which this node has no vote. */
  readonly strange?: readonly string[]
  /** Until when every call of the RPC fails, in seconds after the proposals. */
  readonly rpcBack?: number
}

function open(pools: readonly { name: string; round?: number; ends?: bigint }[], scene: Scene = {}) {
  const table = new Map<string, unknown>()
  const store = {
    collection: () => ({
      get: async (key: string) => table.get(key),
      put: async (key: string, value: unknown) => void table.set(key, value)
    })
  }
  const clock = manualClock(Number(begun) * 1000)
  const events = createEvents<PayoutEvents>(silentLog)
  const names = new Map(pools.map(({ name }) => [keccak(name), name]))
  const records = pools.map(({ name, round = 1, ends = begun + window }): ProposalRecord => ({
    pool: keccak(name),
    epoch: 1,
    round,
    proposer: liar,
    bond: 0n,
    receiptsRoot: zeroHash,
    receiptsTotal: 0n,
    receiptCount: 0,
    payoutsRoot: keccak(`payouts of ${name}`),
    payoutsTotal: 0n,
    bundle: `bundle of ${name}`,
    challengeEnds: ends,
    state: 'pending',
    vetoed: 0n,
    block: 1n,
    transaction: zeroHash, // one transaction, one block: what tells them apart is where they stand
    place: name
  }))
  const vetoes: string[] = []
  const asked: string[] = []
  const online = (): void => {
    if (clock.now() / 1000 < Number(begun) + (scene.rpcBack ?? 0)) throw new Error('connect ECONNREFUSED')
  }
  const chain = {
    account: self,
    ledger: {
      head: () => undefined,
      datanet: async (pool: Hex) => ({
        validators: (scene.strange ?? []).includes(names.get(pool) ?? '') ? [] : [{ address: self, weight: 1n }]
      })
    },
    nodes: { stakeOf: async () => 0n },
    payouts: {
      rules: async () => ({ challengeWindow: window, minStake: 1n, bond: 1n }),
      async epoch(pool: Hex): Promise<EpochOnChain | undefined> {
        online()
        const record = records.findLast(one => one.pool === pool)
        return (
          record && ({ ...record, state: vetoes.includes(names.get(pool)!) ? 'voided' : 'pending' } as EpochOnChain)
        )
      },
      async veto(pool: Hex) {
        online()
        vetoes.push(names.get(pool)!)
        return { voided: true, transaction: zeroHash }
      }
    }
  }
  const examine: Examine = async ({ pool }, _stated, { signal }) => {
    const name = names.get(pool)!
    asked.push(name)
    return (await scene.checks?.[name]?.(signal)) ?? right
  }
  const proposals: Proposal[] = records.map(event => ({ event, state: 'pending' }))
  const watcher = createWatcher(
    { chain, clock, store, events, log: silentLog, self, network: undefined } as unknown as PayoutsDeps,
    { proposals: { pending: async () => proposals }, bundles: { final: () => assert.fail() }, examine }
  )
  /** As the automation would: looks every two seconds until so many seconds after the proposals. */
  async function until(seconds: number): Promise<void> {
    while (clock.now() < (Number(begun) + seconds) * 1000) {
      await watcher.look().catch(() => undefined)
      for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
      await clock.advance(2_000)
      for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    }
  }
  const faultsOf = (at: number): Promise<readonly string[] | undefined> => watcher.faults(proposals[at]!)
  return { until, vetoes, asked, faultsOf, proposals, records, stop: () => watcher.stop() }
}

const late = Number((window * 3n) / 4n)
const throwing = (error: unknown) => async (): Promise<Examined> => {
  throw error
}

describe('turns of epochs that are checked', () => {
  const turns = fc.array(fc.record({ voice: fc.boolean(), tries: fc.nat(5), challengeEnds: fc.bigInt(0n, 100n) }))
  it('each side has its places and no more; what begins was tried less, or ends sooner, than what waits', () => {
    fc.assert(
      fc.property(turns, fc.nat(4), fc.nat(1), (waiting, own, others) => {
        const turn = (voice: boolean): Turn => ({ voice, tries: 0, challengeEnds: 0n })
        const running = [...Array(own).fill(turn(true)), ...Array(others).fill(turn(false))] as Turn[]
        const begun = nextTurns(waiting, running)
        for (const voice of [true, false]) {
          const room = checksAtOnce[voice ? 'voice' : 'others'] - (voice ? own : others)
          const mine = waiting.filter(one => one.voice === voice)
          const chosen = begun.filter(one => one.voice === voice)
          assert.equal(chosen.length, Math.min(mine.length, Math.max(0, room)))
          for (const one of chosen)
            for (const left of mine.filter(other => !chosen.includes(other)))
              assert.ok(one.tries < left.tries || (one.tries === left.tries && one.challengeEnds <= left.challengeEnds))
        }
      })
    )
  })
})

describe('a watcher fails closed', () => {
  it('what it has checked passes, and nothing else does', async () => {
    const scene = open([{ name: 'right' }, { name: 'wrong' }], { checks: { wrong: async () => wrong } })
    await scene.until(Number(window))
    assert.deepEqual(scene.vetoes, ['wrong'])
    assert.deepEqual(await scene.faultsOf(0), [])
    assert.deepEqual(await scene.faultsOf(1), ['payouts.shares'])
    await scene.stop()
  })

  for (const [what, check, code] of [
    [
      'a bundle that nobody has',
      throwing(new NotFoundError('files.unavailable', 'nobody had it')),
      'files.unavailable'
    ],
    ['a model that is unknown', throwing(new NotFoundError('model.unknown', 'there is none')), 'model.unknown'],
    ['a result that breaks a rule', throwing(new InvalidError('result.players', 'others')), 'result.players'],
    ['an engine that cannot load', throwing(new RangeError('Array buffer allocation failed')), 'bundle.broken'],
    ['something thrown that is no error', throwing('out of order'), 'bundle.broken'],
    ['an answer that never comes', () => new Promise<Examined>(() => undefined), 'bundle.slow']
  ] as const)
    it(`${what} is tried again, and late in the window a veto`, async () => {
      const scene = open([{ name: 'pool' }], { checks: { pool: check } })
      await scene.until(late - 10)
      assert.deepEqual(scene.vetoes, [], 'there is time yet')
      assert.equal(await scene.faultsOf(0), undefined)
      await scene.until(Number(window) - 4)
      assert.deepEqual(scene.vetoes, ['pool'])
      assert.deepEqual(await scene.faultsOf(0), ['bundle.unchecked', code])
      await scene.stop()
    })

  it('what comes in time is no veto, however often it failed before', async () => {
    let tries = 0
    const scene = open([{ name: 'pool' }], {
      checks: {
        pool: async () => {
          if (++tries < 5) throw new NotFoundError('files.unavailable', 'nobody had it')
          return right
        }
      }
    })
    await scene.until(Number(window))
    assert.equal(tries, 5)
    assert.deepEqual(scene.vetoes, [])
    assert.deepEqual(await scene.faultsOf(0), [])
    await scene.stop()
  })

  it('an RPC that is away opposes nothing by itself; where it is back in time the check is made', async () => {
    const scene = open([{ name: 'pool' }], { rpcBack: 300 })
    await scene.until(Number(window))
    assert.deepEqual(scene.vetoes, [])
    assert.deepEqual(await scene.faultsOf(0), [])
    await scene.stop()
  })

  it('… and a veto that did not reach the chain is said again until the window is over', async () => {
    const scene = open([{ name: 'pool' }], {
      rpcBack: 770,
      checks: { pool: throwing(new RangeError('no memory')) }
    })
    await scene.until(768)
    assert.deepEqual(scene.vetoes, [])
    assert.equal(await scene.faultsOf(0), undefined, 'no verdict stands for a veto that was not said')
    await scene.until(Number(window))
    assert.deepEqual(scene.vetoes, ['pool'])
    await scene.stop()
  })

  it("two in one transaction, and two rounds in one block, are two: one's verdict is not the other's", async () => {
    const scene = open([{ name: 'dummy' }, { name: 'victim', round: 1 }, { name: 'victim', round: 2 }], {
      strange: ['dummy'],
      checks: { victim: async () => wrong }
    })
    // Only the later round is open to challenge on chain; the ledger still shows both.
    await scene.until(40)
    assert.deepEqual(await scene.faultsOf(0), [])
    assert.equal(await scene.faultsOf(1), undefined)
    assert.deepEqual(await scene.faultsOf(2), ['payouts.shares'])
    assert.deepEqual(scene.vetoes, ['victim'])
    await scene.stop()
  })

  it('after a reorganisation another proposal may stand in the same round: it is checked anew', async () => {
    const scene = open([{ name: 'pool' }])
    await scene.until(10)
    assert.deepEqual(await scene.faultsOf(0), [])
    const other = { ...scene.records[0]!, payoutsRoot: keccak('all to a thief') }
    scene.proposals[0] = { event: other, state: 'pending' }
    assert.equal(await scene.faultsOf(0), undefined)
    await scene.stop()
  })

  it('hundreds of pools of strangers that hang keep none from its check in which this node has a vote', async () => {
    const hang = (): Promise<Examined> => new Promise(() => undefined)
    const strange = Array.from({ length: 300 }, (_, i) => `strange ${i}`)
    const scene = open(
      [...strange.map(name => ({ name, ends: begun + 100n })), { name: 'mine' }, { name: 'also mine' }],
      { strange, checks: Object.fromEntries(strange.map(name => [name, hang])) }
    )
    await scene.until(4)
    assert.deepEqual(await scene.faultsOf(300), [])
    assert.deepEqual(await scene.faultsOf(301), [])
    assert.ok(scene.asked.length <= 2 + checksAtOnce.others)
    await scene.stop()
  })

  it('own pools that hang, however many, give their places to the others in time', async () => {
    const hang = (): Promise<Examined> => new Promise(() => undefined)
    const mine = Array.from({ length: 3 * checksAtOnce.voice }, (_, i) => `hangs ${i}`)
    const scene = open([...mine.map(name => ({ name, ends: begun + window - 1n })), { name: 'good' }], {
      checks: Object.fromEntries(mine.map(name => [name, hang]))
    })
    await scene.until(Number(window))
    assert.deepEqual(scene.vetoes.toSorted(), mine.toSorted())
    assert.deepEqual(await scene.faultsOf(mine.length), [])
    await scene.stop()
  })
})
