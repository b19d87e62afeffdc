import assert from 'node:assert/strict'
import { ChainError } from '../../../node/chain/index.ts'
import type { ChannelOnChain } from '../../../node/chain/index.ts'
import { createChannelKeeper } from '../../../node/models/client/channels.ts'
import type { ChannelKeeper } from '../../../node/models/client/channels.ts'
import { createWallet } from '../../../node/models/client/wallet.ts'
import type { Wallet } from '../../../node/models/client/wallet.ts'
import type { Parts } from '../../../node/models/deps.ts'
import { openTables } from '../../../node/models/records.ts'
import { createAccounts } from '../../../node/models/worker/accounts.ts'
import { createRedeemer } from '../../../node/models/worker/redeem.ts'
import { createAutomations, createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'
import type { ManualClock } from '../../../node/runtime/index.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'

// One channel's chain, which takes back what it said before anybody's ledger has read it: no news tells of it, as
// a light peer hears none at all.

const network = { chainId: 31337, registry: `0x${'11'.repeat(20)}` } as const
const [clientKey, workerKey] = [fromHex(keccak('client')), fromHex(keccak('worker'))]
const [self, worker] = [addressOfKey(clientKey), addressOfKey(workerKey)]
const [began, window, lookMs] = [1_700_000_000n, 60n, 1_000]
const opened: ChannelOnChain = {
  id: keccak('channel'),
  client: self,
  worker,
  model: keccak('model'),
  deposit: 100n,
  claimed: 0n,
  expiry: began + 1_000n,
  closesAt: 0n,
  closed: false
}
const refused = (name: string): ChainError =>
  new ChainError('chain.reverted', `the contract refuses: ${name}`, { details: { error: name } })
const mined = { block: 1n, transaction: keccak('transaction') }

describe('what the chain took back', () => {
  let clock: ManualClock
  let onChain: ChannelOnChain | undefined
  /** What comes between a transaction and whatever is asked of the chain after it. */
  let afterwards: () => void
  let asked: string[]
  let parts: Parts
  let wallet: Wallet
  let keeper: ChannelKeeper

  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000))
  const there = (): ChannelOnChain => {
    if (onChain === undefined) throw refused('UnknownChannel')
    if (onChain.closed) throw refused('ChannelIsClosed')
    return onChain
  }
  const channels = {
    channel: async () => onChain,
    async startClose() {
      asked.push('startClose')
      if (there().closesAt !== 0n) throw refused('ChannelIsClosing')
      const closesAt = now() + window
      onChain = { ...there(), closesAt }
      afterwards()
      return { ...mined, closesAt }
    },
    async finishClose() {
      const { closesAt, expiry, deposit, claimed } = there()
      if (now() < (closesAt === 0n ? expiry : closesAt)) throw refused('NotYet')
      asked.push('finishClose')
      onChain = { ...there(), closed: true }
      return { ...mined, refunded: deposit - claimed }
    },
    async claim({ cumulative: claimed }: { cumulative: bigint }) {
      const paid = claimed - there().claimed
      onChain = { ...there(), claimed }
      afterwards()
      return { ...mined, paid, claimed, split: { worker: paid, builder: 0n, data: 0n, upstream: 0n } }
    }
  }
  const state = async () => {
    for await (const { channel } of wallet.records()) return channel
    throw new Error('there is no channel')
  }
  const passes = async (seconds: bigint): Promise<void> => {
    for (let i = 0n; i < seconds; i++) await clock.advance(1_000)
  }

  beforeEach(async () => {
    clock = manualClock(Number(began) * 1_000)
    onChain = opened
    afterwards = () => undefined
    asked = []
    const store = memoryStore()
    const tables = openTables(store)
    const events = createEvents(silentLog)
    parts = {
      store,
      self,
      network,
      clock,
      log: silentLog,
      now,
      events,
      automations: createAutomations({ clock, log: silentLog, events, store }),
      roles: { worker: false, client: true },
      policy: { redeem: true },
      timing: { redeemMs: lookMs, marginSeconds: 10 },
      chain: { channels, head: async () => ({ block: 1n, timestamp: now() }) }
    } as unknown as Parts
    wallet = createWallet(parts, tables, undefined as never, undefined as never)
    keeper = createChannelKeeper(parts, wallet, undefined as never)
    await wallet.adopt(opened)
    keeper.start()
  })
  afterEach(() => {
    keeper.stop()
    clock.end()
  })

  it('as it was noted, a closing that is asked for anew comes to its end', async () => {
    // The chain has it in a later block, and in none while this side goes on.
    afterwards = () => {
      onChain = opened
    }
    await keeper.close(opened.id)
    onChain = { ...opened, closesAt: now() + window + 20n }
    await passes(window + 10n)
    assert.deepEqual(await state(), { ...(await state()), state: 'closing', closesAt: onChain.closesAt })
    await passes(20n)
    assert.deepEqual([onChain.closed, (await state()).state, asked], [true, 'closed', ['startClose', 'finishClose']])
  })

  it('a closing that the chain forgot is asked for again', async () => {
    await keeper.close(opened.id)
    onChain = opened
    await passes(2n * window + 10n)
    assert.deepEqual([onChain.closed, (await state()).state], [true, 'closed'])
    assert.deepEqual(asked, ['startClose', 'startClose', 'finishClose'])
  })

  it('a channel of a liar is closed all the same', async () => {
    afterwards = () => {
      onChain = opened
      afterwards = () => undefined
    }
    await wallet.dispute(await wallet.adopt(opened), 'receipt.fee')
    await passes(2n * window + 10n)
    assert.deepEqual([onChain?.closed, (await state()).state], [true, 'closed'])
  })

  it('an opening that never came again holds nothing, and is looked at no more', async () => {
    onChain = undefined
    await passes(900n)
    assert.equal((await state()).state, 'open') // it may come yet
    await passes(110n)
    const ended = await state()
    assert.deepEqual([ended.state, ended.deposit], ['closed', 0n])
    for await (const { id } of wallet.open()) assert.fail(`${id} is looked at for ever`)
  })

  it('what its worker ended is closed here, with what was claimed of it', async () => {
    await keeper.close(opened.id)
    onChain = { ...opened, closesAt: now() + window, claimed: 30n, closed: true }
    await passes(window + 10n)
    const ended = await state()
    assert.deepEqual([ended.state, ended.claimed, ended.state === 'closed' && ended.refunded], ['closed', 30n, 70n])
    assert.deepEqual(asked, ['startClose'])
  })

  it('a claim is paid with the next one, and counted once', async () => {
    const accounts = createAccounts({ ...parts, self: worker }, openTables(memoryStore()))
    const redeemer = createRedeemer({ ...parts, self: worker }, accounts)
    const account = await accounts.account(opened)
    const pay = (cumulative: bigint): Promise<void> =>
      accounts.pay(account, signStatement(network, 'Voucher', { channel: opened.id, cumulative }, clientKey))
    await pay(40n)
    await redeemer.one(account)
    onChain = opened
    await pay(60n)
    assert.equal(await redeemer.one(account), 60n)
    await pay(70n)
    assert.equal(await redeemer.one(account), 10n)
    assert.deepEqual([onChain.claimed, account.record.channel.claimed], [70n, 70n])
  })
})
