import assert from 'node:assert/strict'
import { createWallet } from '../../../node/models/client/wallet.ts'
import type { Wallet } from '../../../node/models/client/wallet.ts'
import { defaultPolicy } from '../../../node/models/deps.ts'
import type { Parts } from '../../../node/models/deps.ts'
import type { ModelEvents } from '../../../node/models/index.ts'
import { createReceipts } from '../../../node/models/receipts.ts'
import { openTables } from '../../../node/models/records.ts'
import { createEvents, silentLog } from '../../../node/runtime/index.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import type { InferenceContent } from '../../../protocol/models/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { TilthError } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../../../node/chain/index.ts'
import { memoryStore } from '../data/in-memory.ts'

const network = { chainId: 31337, registry: `0x${'11'.repeat(20)}` } as const
const [clientKey, workerKey] = [fromHex(keccak('client')), fromHex(keccak('worker'))]
const [self, worker] = [addressOfKey(clientKey), addressOfKey(workerKey)]
const [channel, model] = [keccak('channel'), keccak('model')]
const content: InferenceContent = {
  nonce: keccak('nonce'),
  day: 20_000,
  messages: [{ role: 'user', content: 'why' }],
  maxTokens: 900,
  temperature: 0,
  topK: 0,
  topP: 1,
  stop: [],
  resume: []
}
const [prices, times] = [
  { inputPrice: 1n, outputPrice: 10n, capacity: 1, tokensPerSecond: 1 },
  { issuedAt: 1n, expires: 100n }
]
const offer = signStatement(
  network,
  'Offer',
  { model, worker, ...prices, ...times, region: '', weights: '' },
  workerKey
)

describe('a channel that is being topped up', () => {
  let wallet: Wallet
  /** Sums that were sent, each until it is mined. */
  const sent: { amount: bigint; mine: () => void }[] = []

  /** What every transaction ends with, where it does; sums that were tried. */
  let failure: TilthError | undefined
  const tries: bigint[] = []
  const tried = async (amount: bigint): Promise<never> => {
    tries.push(amount)
    throw failure ?? new Error('nothing fails here')
  }

  beforeEach(async () => {
    sent.length = 0
    tries.length = 0
    failure = undefined
    const store = memoryStore()
    const tables = openTables(store)
    const parts = {
      store,
      self,
      network,
      key: clientKey,
      log: silentLog,
      events: createEvents<ModelEvents>(silentLog),
      now: () => 1_000n,
      timing: { marginSeconds: 60 },
      policy: defaultPolicy,
      chain: {
        channels: {
          topUp: (_: unknown, amount: bigint) =>
            failure === undefined
              ? new Promise<void>(resolve => {
                  sent.push({ amount, mine: resolve })
                })
              : tried(amount),
          open: ({ deposit }: { deposit: bigint }) => tried(deposit)
        }
      }
    } as unknown as Parts
    wallet = createWallet(parts, tables, createReceipts(parts, tables), { now: async () => 1_000n } as never)
    await wallet.adopt({ id: channel, worker, model, deposit: 200n, expiry: 2_000_000_000n })
  })

  it('for small questions has room for a large one before that is asked', async () => {
    const wish = { offer, content, seed: 1n, confidential: false }
    await wallet.begin({ ...wish, maxFee: 30n })
    assert.deepEqual([sent.length, await wallet.hasRoom(offer, 5_000n)], [1, false])
    const large = { isBegun: false }
    void wallet.begin({ ...wish, seed: 2n, maxFee: 5_000n }).then(() => {
      large.isBegun = true
    })
    let mined = 0
    for (let turn = 0; turn < 1_000 && !large.isBegun; turn++) {
      // The first one is under way still when the large question comes.
      const next = turn < 20 ? undefined : sent[mined]
      if (next !== undefined) mined++
      next?.mine()
      await new Promise(resolve => {
        setImmediate(resolve)
      })
    }
    assert.ok(large.isBegun)
    // What it may come to is deposited: else its worker refuses the channel, and another is opened beside it.
    assert.equal(await wallet.hasRoom(offer, 0n), true)
    assert.ok(sent.length === 2 && (sent[1]?.amount ?? 0n) >= 5_000n)
  })

  it('is paid once where nobody knows what came of it, and for less where the sum was refused', async () => {
    const wish = { offer, content, seed: 1n, confidential: false, maxFee: 500n }
    const elsewhere = signStatement(
      network,
      'Offer',
      { model: keccak('other'), worker, ...prices, ...times, region: '', weights: '' },
      workerKey
    )
    for (const one of [wish, { ...wish, offer: elsewhere }]) {
      tries.length = 0
      failure = new ChainError('chain.timeout', 'it may still go through')
      await assert.rejects(wallet.begin(one), { code: 'chain.timeout' })
      assert.equal(tries.length, 1)
      failure = new ChainError('chain.reverted', 'the balance is too small')
      await assert.rejects(wallet.begin(one), { code: 'chain.reverted' })
      assert.deepEqual(tries.slice(2), [500n])
    }
  })
})
