import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { listChannels } from '../../../node/models/channels.ts'
import { createWallet } from '../../../node/models/client/wallet.ts'
import type { Wallet } from '../../../node/models/client/wallet.ts'
import type { Parts } from '../../../node/models/deps.ts'
import { createHeld } from '../../../node/models/held.ts'
import { openTables } from '../../../node/models/records.ts'
import type { Tables } from '../../../node/models/records.ts'
import { createAccounts } from '../../../node/models/worker/accounts.ts'
import type { Accounts } from '../../../node/models/worker/accounts.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { closedWith, reorganised } from '../../../protocol/models/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { scratch } from '../../harness/index.ts'

const self = `0x${'11'.repeat(20)}` as const
const other: Address = `0x${'22'.repeat(20)}`
const channel = (number: number) => ({
  id: keccak(`channel ${number}`),
  client: other,
  worker: other,
  model: keccak('model'),
  deposit: 100n,
  claimed: 0n,
  expiry: 2_000_000_000n,
  closesAt: 0n,
  closed: false
})

describe('channels that ended', () => {
  let store: Store
  let tables: Tables
  let accounts: Accounts
  let wallet: Wallet
  let now = 1_000n

  const make = (): void => {
    const parts = { store, self, now: () => now } as unknown as Parts
    const none = undefined as never
    accounts = createAccounts(parts, tables)
    wallet = createWallet(parts, tables, none, none)
  }
  beforeEach(async () => {
    store = await openStore(await scratch('ended'))
    tables = openTables(store)
    now = 1_000n
    make()
  })
  afterEach(() => store.close())

  const open = async (): Promise<Hex[]> => {
    const ids: Hex[] = []
    for await (const { id } of wallet.open()) ids.push(id)
    return ids
  }

  it('leave the list of those that can be paid by at once, and the disk when nobody can need them', async () => {
    for (let i = 0; i < 3; i++) {
      await accounts.account(channel(i))
      await wallet.adopt(channel(i))
    }
    const { id } = channel(1)
    const account = await accounts.find(id)
    const purse = await wallet.find(id)
    assert.ok(account !== undefined && purse !== undefined)
    await accounts.update(account, state => closedWith(state, 10n))
    await wallet.update(purse, state => closedWith(state, 10n))
    assert.deepEqual((await open()).includes(id), false)
    assert.equal((await open()).length, 2)
    make() // as after a restart
    assert.equal((await open()).length, 2)
    assert.equal(await accounts.expire(now), 0)
    assert.equal(await wallet.expire(now), 0)
    assert.equal((await accounts.find(id))?.record.channel.state, 'closed')
    now += 1n
    assert.equal(await accounts.expire(now), 1)
    assert.equal(await wallet.expire(now), 1)
    assert.equal(await tables.workerChannels.get(id), undefined)
    assert.equal(await tables.clientChannels.get(id), undefined)
    assert.equal((await listChannels({ self, accounts, wallet })).items.length, 4)
  })

  it('whose end was taken back are as before', async () => {
    await accounts.account(channel(0))
    const purse = await wallet.adopt(channel(0))
    const account = await accounts.find(purse.id)
    assert.ok(account !== undefined)
    for (const back of [false, true]) {
      await accounts.update(account, state => (back ? reorganised(state, channel(0)) : closedWith(state, 0n)))
      await wallet.update(purse, state => (back ? reorganised(state, channel(0)) : closedWith(state, 0n)))
    }
    assert.deepEqual(await open(), [purse.id])
    now += 10n
    assert.equal((await accounts.expire(now)) + (await wallet.expire(now)), 0)
  })

  it('are listed with all others by pages', async () => {
    for (let i = 0; i < 25; i++) {
      await accounts.account(channel(i))
      await wallet.adopt(channel(i))
    }
    const seen: string[] = []
    for (let cursor: string | undefined; ;) {
      const { items, next } = await listChannels({ self, accounts, wallet }, { limit: 7, cursor })
      assert.ok(items.length <= 7)
      seen.push(...items.map(({ role, id }) => `${role}/${id}`))
      if (next === null) break
      cursor = next
    }
    assert.equal(seen.length, 50)
    assert.equal(new Set(seen).size, 50)
    await assert.rejects(listChannels({ self, accounts, wallet }, { cursor: 'nobody/0x' }), { code: 'page.cursor' })
  })
})

describe('what is held', () => {
  it('is one object while anybody has it, and leaves memory beyond the bound', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const made: WeakRef<{ id: Hex }>[] = []
    const held = createHeld(id => {
      const one = { id }
      made.push(new WeakRef(one))
      return Promise.resolve(one)
    }, 10)
    const ids = Array.from({ length: 200 }, (_, i) => keccak(`${i}`))
    const mine = await held.get(ids[0] ?? '0x')
    for (const id of ids) await held.get(id)
    await turn()
    collect()
    const alive = made.filter(one => one.deref() !== undefined).length
    assert.ok(alive <= 12, `${alive} are in memory`)
    assert.equal(await held.get(ids[0] ?? '0x'), mine)
    const [first, second] = await Promise.all([held.get(ids[1] ?? '0x'), held.get(ids[1] ?? '0x')])
    assert.equal(first, second)
  })
})
