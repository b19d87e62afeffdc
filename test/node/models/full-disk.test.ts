import assert from 'node:assert/strict'
import { createWallet } from '../../../node/models/client/wallet.ts'
import type { Wallet } from '../../../node/models/client/wallet.ts'
import type { Parts } from '../../../node/models/deps.ts'
import { openTables } from '../../../node/models/records.ts'
import { createAccounts } from '../../../node/models/worker/accounts.ts'
import type { Accounts } from '../../../node/models/worker/accounts.ts'
import type { Store } from '../../../node/store/index.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'

const network = { chainId: 31_337, registry: `0x${'22'.repeat(20)}` } as const
const key = fromHex(keccak('a client'))
const self = addressOfKey(key)
const onChain = {
  id: keccak('channel'),
  client: self,
  worker: self,
  model: keccak('model'),
  deposit: 100n,
  claimed: 0n,
  expiry: 2_000_000_000n,
  closesAt: 0n,
  closed: false
}

describe('a channel that came while the disk was full', () => {
  let isFull = false
  let make: () => { wallet: Wallet; accounts: Accounts }

  beforeEach(() => {
    const disk = memoryStore()
    const refuse = async (): Promise<void> => {
      if (isFull) throw new Error('no space is left')
    }
    const store: Store = {
      ...disk,
      collection(name, schema) {
        const table = disk.collection(name, schema)
        return { ...table, put: (...what) => refuse().then(() => table.put(...what)) }
      },
      batch: (...what) => refuse().then(() => disk.batch(...what))
    }
    const parts = { store, self, network, now: () => 1_000n } as unknown as Parts
    const none = undefined as never
    make = () => ({
      accounts: createAccounts(parts, openTables(store)),
      wallet: createWallet(parts, openTables(store), none, none)
    })
    isFull = true
  })

  it('is kept by its client as soon as the chain tells of it again, and can be paid by after a restart', async () => {
    const { wallet } = make()
    await assert.rejects(wallet.adopt(onChain))
    await assert.rejects(wallet.adopt(onChain))
    isFull = false
    await wallet.adopt(onChain)
    const open: string[] = []
    for await (const { id } of make().wallet.open()) open.push(id)
    assert.deepEqual(open, [onChain.id])
  })

  it('keeps the voucher that came then with the next word of its client, though it pays no more', async () => {
    isFull = false
    const { accounts } = make()
    const account = await accounts.account(onChain)
    const voucher = signStatement(network, 'Voucher', { channel: onChain.id, cumulative: 60n }, key)
    isFull = true
    await assert.rejects(accounts.pay(account, voucher))
    isFull = false
    await accounts.pay(account, voucher)
    const kept = (await make().accounts.find(onChain.id))?.record
    assert.equal(kept?.channel.paid, 60n)
    assert.equal(kept?.voucher, voucher.signature)
  })

  it('is kept by its worker as soon as it is used again', async () => {
    const { accounts } = make()
    await assert.rejects(accounts.account(onChain))
    isFull = false
    await accounts.account(onChain)
    assert.equal((await make().accounts.find(onChain.id))?.record.channel.deposit, 100n)
  })
})
