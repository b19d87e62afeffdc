import assert from 'node:assert/strict'
import { createWallet } from '../../../node/models/client/wallet.ts'
import type { Purse } from '../../../node/models/client/purse.ts'
import type { Wallet } from '../../../node/models/client/wallet.ts'
import { defaultPolicy } from '../../../node/models/deps.ts'
import type { Parts } from '../../../node/models/deps.ts'
import type { ModelEvents } from '../../../node/models/index.ts'
import { createReceipts } from '../../../node/models/receipts.ts'
import { openTables } from '../../../node/models/records.ts'
import { createEvents, silentLog } from '../../../node/runtime/index.ts'
import { addressOfKey, digest, signDigest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { headAfter, noReceipts, receiptFor } from '../../../protocol/models/index.ts'
import type { ChainHead, CosignedReceipt, InferenceContent } from '../../../protocol/models/index.ts'
import { contentHash, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'
import { plainOffer } from './plain-offer.ts'

const network = { chainId: 31337, registry: `0x${'11'.repeat(20)}` } as const
const [clientKey, workerKey] = [fromHex(keccak('client')), fromHex(keccak('worker'))]
const [self, worker] = [addressOfKey(clientKey), addressOfKey(workerKey)]
const [channel, model] = [keccak('channel'), keccak('model')]
const offer = plainOffer(network, { model, worker }, workerKey)
const answer = [7, 8, 9]
const fee = 5n + 30n

interface Story {
  readonly request: Signed<'InferenceRequest'>
  readonly content: InferenceContent
}
const story = (name: string): Story => {
  const content: InferenceContent = {
    nonce: keccak(name),
    day: 20_000,
    messages: [{ role: 'user', content: name }],
    maxTokens: 900,
    temperature: 0,
    topK: 0,
    topP: 1,
    stop: [],
    resume: []
  }
  const message = { channel, model, content: contentHash(content), seed: 1n, maxFee: 10_000n, issuedAt: 1n }
  return {
    content,
    request: signStatement(network, 'InferenceRequest', { ...message, confidential: false }, clientKey)
  }
}
const signed = ({ request, content }: Story, head: ChainHead): Signed<'Receipt'> => {
  const facts = { request, content, offer: offer.message, inputTokens: 5, answer }
  return signStatement(
    network,
    'Receipt',
    receiptFor(network, head, facts, { startedAt: 1n, finishedAt: 2n }),
    workerKey
  )
}
const byBoth = (receipt: Signed<'Receipt'>): CosignedReceipt => ({
  receipt,
  clientSignature: signDigest(digest(network, 'Receipt', receipt.message), clientKey),
  client: self,
  worker
})
const voucherOf = (cumulative: bigint, key: Uint8Array = clientKey): Signed<'Voucher'> =>
  signStatement(network, 'Voucher', { channel, cumulative }, key)

describe('what a worker shows to a client that may have forgotten something', () => {
  let wallet: Wallet
  let purse: Purse
  const stories = ['one', 'two', 'three'].map(story)
  const [first, second, third] = stories as [Story, Story, Story]
  const one = signed(first, noReceipts)
  const two = signed(second, headAfter(network, one.message))
  const three = signed(third, headAfter(network, two.message))
  const asked = ({ request, content }: Story) => ({ request, content, offer })

  beforeEach(async () => {
    const store = memoryStore()
    const tables = openTables(store)
    const parts = {
      store,
      self,
      network,
      key: clientKey,
      events: createEvents<ModelEvents>(silentLog),
      now: () => 1_000n,
      timing: { marginSeconds: 60 },
      policy: defaultPolicy,
      chain: { channels: { channel: async () => ({ deposit: 50_000n }) } }
    } as unknown as Parts
    wallet = createWallet(parts, tables, createReceipts(parts, tables), { now: async () => 1_000n } as never)
    purse = await wallet.adopt({ id: channel, worker, model, deposit: 50_000n, expiry: 2_000_000_000n })
  })
  const state = (): { sequence: bigint; settled: bigint; paid: bigint; state: string } => {
    const { sequence, settled, paid, state: name } = purse.record.channel
    return { sequence, settled, paid, state: name }
  }
  const nothing = { receipts: [], voucher: null, asked: [] }

  it('is taken for what the client itself has signed, and for that alone', async () => {
    const told = { receipts: [one, two].map(byBoth), voucher: voucherOf(2n * fee + 9n), asked: [] }
    assert.equal(await wallet.recall(purse, told), true)
    assert.deepEqual(state(), { sequence: 2n, settled: 2n * fee, paid: 2n * fee + 9n, state: 'open' })
    // What is known is no news, and what is older undoes nothing.
    assert.equal(await wallet.recall(purse, told), false)
    assert.equal(await wallet.recall(purse, { ...nothing, receipts: [byBoth(one)], voucher: voucherOf(1n) }), false)
    const before = state()
    const forged: { receipts: CosignedReceipt[]; voucher: Signed<'Voucher'> | null; asked: never[] }[] = [
      { ...nothing, voucher: voucherOf(999n, workerKey), receipts: [], asked: [] },
      { ...nothing, receipts: [{ ...byBoth(three), clientSignature: three.signature }], asked: [] },
      { ...nothing, receipts: [{ ...byBoth(three), client: worker }], asked: [] }
    ]
    for (const lie of forged) await assert.rejects(wallet.recall(purse, lie))
    assert.deepEqual(state(), before)
  })

  it('costs no more than was promised by then, whatever it leaves out or shows again', async () => {
    // It hides the second receipt, and says that its answer, and the first one, still wait to be signed for.
    const told = { receipts: [byBoth(three)], voucher: voucherOf(3n * fee), asked: [first, second].map(asked) }
    assert.equal(await wallet.recall(purse, told), true)
    assert.equal(wallet.owed(purse), 3n * fee)
    const again = signed(second, headAfter(network, three.message))
    await assert.rejects(wallet.countersign(purse, { receipt: again, answer }), {
      code: 'receipt.uncertain',
      consequence: 'ignore'
    })
    assert.deepEqual(state(), { sequence: 3n, settled: 3n * fee, paid: 3n * fee, state: 'open' })
  })

  it('is signed for out of what was promised, where the last answers wait for it', async () => {
    const told = { receipts: [byBoth(one)], voucher: voucherOf(2n * fee), asked: [asked(second)] }
    assert.equal(await wallet.recall(purse, told), true)
    await wallet.countersign(purse, { receipt: two, answer })
    assert.deepEqual(state(), { sequence: 2n, settled: 2n * fee, paid: 2n * fee, state: 'open' })
  })

  it('is no request of somebody else, and none of another content', async () => {
    const { request, content } = first
    const others: readonly [Signed<'InferenceRequest'>, InferenceContent][] = [
      [signStatement(network, 'InferenceRequest', request.message, workerKey), content],
      [request, second.content],
      [
        signStatement(network, 'InferenceRequest', { ...request.message, channel: keccak('other') as Hex }, clientKey),
        content
      ]
    ]
    for (const [statement, said] of others)
      await assert.rejects(wallet.recall(purse, { ...nothing, asked: [{ request: statement, content: said, offer }] }))
    assert.equal(purse.asks.size, 0)
  })

  it('is asked for once where it goes on from an older receipt, and is a lie after that', async () => {
    await wallet.recall(purse, { ...nothing, receipts: [one, two].map(byBoth), voucher: voucherOf(2n * fee) })
    purse.recalled = true
    const old = signed(third, headAfter(network, one.message))
    await assert.rejects(wallet.countersign(purse, { receipt: old, answer }), { code: 'receipt.behind' })
    assert.equal(purse.recalled, false)
    await assert.rejects(wallet.countersign(purse, { receipt: old, answer }), { code: 'receipt.chain' })
  })
})
