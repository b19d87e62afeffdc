import assert from 'node:assert/strict'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { InvalidError, keccak } from '../../../protocol/primitives/index.ts'
import type { ChannelOnChain } from '../../../node/chain/index.ts'
import type { Parts } from '../../../node/models/deps.ts'
import { openTables } from '../../../node/models/records.ts'
import { createAccounts } from '../../../node/models/worker/accounts.ts'
import type { Accounts } from '../../../node/models/worker/accounts.ts'
import { createWorkerChannels } from '../../../node/models/worker/channels.ts'
import type { WorkerChannels } from '../../../node/models/worker/channels.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import type { Peer } from '../../../node/transport/index.ts'
import { scratch } from '../../harness/index.ts'

// A worker's channels over a chain that changes its mind: what the ledger says is a value that the test sets.

const self = `0x${'11'.repeat(20)}` as const
const client = `0x${'22'.repeat(20)}` as const
const peer = { address: client } as Peer
const opened: ChannelOnChain = {
  id: keccak('channel'),
  client,
  worker: self,
  model: keccak('model'),
  deposit: 100n,
  claimed: 0n,
  expiry: 2_000_000_000n,
  closesAt: 0n,
  closed: false
}

describe("a worker's view of deposits", () => {
  let store: Store
  let accounts: Accounts
  let channels: WorkerChannels
  let ledger: (ChannelOnChain & { block: bigint; confirmed: bigint }) | undefined
  let onChain: ChannelOnChain | undefined
  let looks = 0
  let now = 0

  const make = (confirmations: bigint): void => {
    const parts = {
      store,
      self,
      now: () => 0n,
      clock: { now: () => now },
      chain: {
        ledger: { confirmations },
        channels: {
          known: async () => ledger,
          channel: async (_id: Hex) => {
            looks++
            return onChain
          }
        }
      }
    } as unknown as Parts
    accounts = createAccounts(parts, openTables(store))
    channels = createWorkerChannels(parts, accounts)
  }
  const says = (deposit: bigint, confirmed = deposit): void => {
    ledger = { ...opened, deposit, block: 1n, confirmed }
    onChain = { ...opened, deposit }
  }
  const deposit = async (): Promise<bigint> => (await channels.of(opened.id, peer)).record.channel.deposit

  beforeEach(async () => {
    store = await openStore(await scratch('deposits'))
    ledger = onChain = undefined
    looks = now = 0
    make(3n)
  })
  afterEach(() => store.close())

  it('is what the ledger has confirmed at each request, more or less than before', async () => {
    says(100n)
    assert.equal(await deposit(), 100n)
    says(250n, 100n)
    assert.equal(await deposit(), 100n)
    says(250n)
    assert.equal(await deposit(), 250n)
    says(100n)
    assert.equal(await deposit(), 100n)
    says(100n, 40n)
    assert.equal(await deposit(), 40n)
    assert.equal(looks, 0)
  })

  it('a channel that was taken back holds nothing and is served no more, until it is there again', async () => {
    says(100n)
    const account = await channels.of(opened.id, peer)
    ledger = onChain = undefined
    await assert.rejects(deposit(), { code: 'channel.unknown', consequence: 'ignore' })
    assert.equal(account.record.channel.deposit, 0n)
    says(100n, 0n)
    await assert.rejects(deposit(), { code: 'channel.unconfirmed', consequence: 'retry' })
    says(100n)
    assert.equal(await deposit(), 100n)
    assert.equal(await accounts.find(opened.id), account)
  })

  it('what is too young for the ledger is looked for on chain, and counts where one block is enough', async () => {
    onChain = opened
    await assert.rejects(deposit(), { code: 'channel.unconfirmed' })
    assert.equal(await accounts.find(opened.id), undefined)
    make(1n)
    assert.equal(await deposit(), 100n)
    onChain = undefined
    now += 10_000
    await assert.rejects(deposit(), { code: 'channel.unknown' })
  })

  it('what was made up costs one look, however often it is said', async () => {
    for (let i = 0; i < 5; i++) await assert.rejects(deposit(), { code: 'channel.unknown', consequence: 'reject' })
    assert.equal(looks, 1)
  })

  it('an account that its deposit does not cover any more is paid only as far as it does', async () => {
    says(100n)
    const account = await channels.of(opened.id, peer)
    await accounts.update(account, channel => ({ ...channel, paid: 90n }))
    says(30n)
    await channels.of(opened.id, peer)
    assert.deepEqual([account.record.channel.paid, account.record.channel.deposit], [90n, 30n])
    assert.deepEqual((await openTables(store).workerChannels.get(opened.id))?.channel.deposit, 30n)
  })

  it('what it does not cover is tried once more with what the chain says now, and nothing else is', async () => {
    says(100n)
    const account = await channels.of(opened.id, peer)
    const tries: bigint[] = []
    const paying = (sum: bigint, code: 'channel.exhausted' | 'voucher.deposit' | 'voucher.shrinks') => async () => {
      tries.push(account.record.channel.deposit)
      if (account.record.channel.deposit < sum) throw new InvalidError(code, 'it does not reach')
    }
    says(250n)
    await channels.covering(account, paying(200n, 'voucher.deposit'))
    says(300n)
    await channels.covering(account, paying(300n, 'channel.exhausted'))
    await assert.rejects(channels.covering(account, paying(301n, 'voucher.deposit')), { code: 'voucher.deposit' })
    await assert.rejects(channels.covering(account, paying(999n, 'voucher.shrinks')), { code: 'voucher.shrinks' })
    assert.deepEqual(tries, [100n, 250n, 250n, 300n, 300n, 300n, 300n])
  })
})
