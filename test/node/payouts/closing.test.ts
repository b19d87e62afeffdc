import assert from 'node:assert/strict'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { fromHex, keccak, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createTopic } from '../../../node/payouts/topic.ts'
import type { PayoutEvents, PayoutsDeps } from '../../../node/payouts/index.ts'
import { createRedeemer } from '../../../node/models/worker/redeem.ts'
import type { Account, Accounts } from '../../../node/models/worker/accounts.ts'
import type { Parts } from '../../../node/models/deps.ts'
import { createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'
import { network } from './receipts/generate.ts'

const pool = keccak('pool')
const keyOf = (name: string): Uint8Array => fromHex(keccak(`key of ${name}`))
const settlers = ['settler', 'another'].map(keyOf)
const unbonded = keyOf('unbonded')

/** A worker with receipts of the pool, whose epoch `epoch` is the last final one; its ledger may be behind. */
function worker(epoch: number, { behind = false } = {}) {
  const clock = manualClock()
  let hear: (message: unknown) => Promise<void> = async () => undefined
  const redeemed: (Hex | undefined)[] = []
  const bonded = new Set<Address>(settlers.map(addressOfKey))
  let seen = behind ? epoch - 1 : epoch
  const deps = {
    gossip: {
      subscribe(_: unknown, __: unknown, handler: (message: unknown) => Promise<void>) {
        hear = handler
        return () => undefined
      }
    },
    network,
    key: unbonded,
    self: addressOfKey(unbonded),
    clock,
    chain: {
      payouts: { rules: async () => ({ minStake: 5n }) },
      nodes: { stakeOf: async (account: Address) => (bonded.has(account) ? 5n : 0n) },
      ledger: {
        datanet: async (id: Hex) => (id === pool ? {} : undefined),
        pool: async (id: Hex) => ({ epoch: id === pool ? seen : 0 }),
        async caughtUp() {
          seen = epoch
        }
      }
    },
    models: {
      async redeem(options?: { closing: Hex }) {
        redeemed.push(options?.closing)
        return { channels: 0, amount: 0n }
      }
    },
    events: createEvents<PayoutEvents>(silentLog),
    log: silentLog
  } as unknown as PayoutsDeps
  const topic = createTopic(
    deps,
    { redeemPauseMs: 1_000 },
    { intake: { take: () => Promise.reject(new Error('no receipts')) }, receipts: { hasOwn: async () => true } },
    {
      take: async () => false,
      lacks: async () => false,
      heardBefore: () => false,
      of: async () => []
    },
    { receipt: () => undefined, scoring: () => undefined }
  )
  topic.start()
  /** @returns what became of the notice */
  async function say(by: Uint8Array, of: { pool?: Hex; epoch: number; at?: number }): Promise<string> {
    const message = {
      pool: of.pool ?? pool,
      epoch: of.epoch,
      settler: addressOfKey(by),
      issuedAt: BigInt(Math.floor(clock.now() / 1000) + (of.at ?? 0))
    }
    const closing = signStatement(network, 'EpochClosing', message, by)
    const outcome = await hear({ kind: 'closing', closing }).then(
      () => 'accept',
      (error: unknown) => (error instanceof TilthError ? `${error.consequence} ${error.code}` : String(error))
    )
    for (let i = 0; i < 3; i++) await clock.advance(1_000)
    return outcome
  }
  return { say, redeemed, stop: () => topic.stop() }
}

describe('the notice that an epoch closes', () => {
  const [one, two] = settlers as [Uint8Array, Uint8Array]

  it('makes workers redeem for the next epoch of that pool only, called by who is bonded', async () => {
    const { say, redeemed, stop } = worker(6)
    for (const epoch of [0, 1, 6, 8, 1_000_000]) assert.equal(await say(one, { epoch }), 'ignore closing.epoch')
    assert.equal(await say(one, { pool: keccak('no pool'), epoch: 1 }), 'ignore closing.epoch')
    assert.equal(await say(unbonded, { epoch: 7 }), 'ignore closing.stake')
    assert.equal(await say(one, { epoch: 7, at: -1_000 }), 'ignore closing.old')
    assert.deepEqual(redeemed, [])
    assert.equal(await say(one, { epoch: 7 }), 'accept')
    assert.deepEqual(redeemed, [pool])
    await stop()
  })

  it('is heard while the ledger here is behind', async () => {
    const { say, redeemed, stop } = worker(6, { behind: true })
    assert.equal(await say(one, { epoch: 7 }), 'accept')
    assert.deepEqual(redeemed, [pool])
    await stop()
  })

  it('is obeyed a few times from each settler, which silences no other', async () => {
    const { say, redeemed, stop } = worker(6)
    const outcomes = []
    for (let i = 0; i < 12; i++) outcomes.push(await say(one, { epoch: 7, at: i }))
    assert.equal(outcomes.filter(outcome => outcome === 'accept').length, 3)
    assert.equal(outcomes.at(-1), 'ignore closing.known')
    assert.equal(await say(two, { epoch: 7 }), 'accept')
    assert.equal(redeemed.length, 4)
    await stop()
  })

  it('brings in what is worth its gas, for models of its Datanet', async () => {
    const [ours, theirs] = [keccak('our model'), keccak('their model')]
    const records = [
      { id: keccak('a'), model: ours, paid: 10n ** 15n },
      { id: keccak('b'), model: ours, paid: 10n ** 15n - 1n },
      { id: keccak('c'), model: theirs, paid: 10n ** 18n }
    ].map(({ paid, ...rest }) => ({ ...rest, voucher: '0x', channel: { state: 'open', paid, claimed: 0n } }))
    const claimed: Hex[] = []
    const redeemer = createRedeemer(
      {
        chain: {
          channels: {
            async claim({ channel, cumulative }: { channel: Hex; cumulative: bigint }) {
              claimed.push(channel)
              return { paid: cumulative, claimed: cumulative, transaction: channel }
            }
          }
        },
        events: { emit: () => undefined },
        log: silentLog,
        policy: { redeem: true },
        roles: { worker: false }
      } as unknown as Parts,
      {
        async *records() {
          yield* records
        },
        find: async (id: Hex) => ({ id, record: records.find(record => record.id === id) }) as unknown as Account,
        update: async () => undefined
      } as unknown as Accounts
    )
    await redeemer.all({ atLeast: 10n ** 15n, of: model => model === ours })
    assert.deepEqual(claimed, [keccak('a')])
    assert.equal((await redeemer.all()).channels, 3)
  })
})
