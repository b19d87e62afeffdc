import assert from 'node:assert/strict'
import { createWallet } from '../../../node/models/client/wallet.ts'
import type { Wallet } from '../../../node/models/client/wallet.ts'
import { defaultPolicy } from '../../../node/models/deps.ts'
import type { Parts } from '../../../node/models/deps.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { createReceipts } from '../../../node/models/receipts.ts'
import { inChannel, openTables } from '../../../node/models/records.ts'
import { createEvents } from '../../../node/runtime/index.ts'
import type { ModelEvents } from '../../../node/models/index.ts'
import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import { mostInputTokens, openChannel, receiptFor } from '../../../protocol/models/index.ts'
import type { InferenceContent } from '../../../protocol/models/index.ts'
import { contentHash, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'
import { plainOffer } from './plain-offer.ts'

const network = { chainId: 31337, registry: `0x${'11'.repeat(20)}` } as const
const [clientKey, workerKey] = [fromHex(keccak('client')), fromHex(keccak('worker'))]
const [self, worker] = [addressOfKey(clientKey), addressOfKey(workerKey)]
const [channel, model] = [keccak('channel'), keccak('model')]
const maxFee = 10_000n
/** What a worker gives unpaid. */
const credit = 10n * 512n
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
const offer = plainOffer(network, { model, worker }, workerKey)

describe('a client whose machine fell before it noted down that its question was accepted', () => {
  let wallet: Wallet

  const request = signStatement(
    network,
    'InferenceRequest',
    { channel, model, content: contentHash(content), seed: 1n, maxFee, issuedAt: 1n, confidential: false },
    clientKey
  )

  beforeEach(async () => {
    const store = memoryStore()
    const tables = openTables(store)
    const events = createEvents<ModelEvents>(silentLog)
    const parts = {
      store,
      self,
      network,
      key: clientKey,
      events,
      now: () => 1_000n,
      timing: { marginSeconds: 60 },
      policy: defaultPolicy
    } as unknown as Parts
    const none = { now: async () => 1_000n } as never
    wallet = createWallet(parts, tables, createReceipts(parts, tables), none)
    await wallet.adopt({ id: channel, worker, model, deposit: 50_000n, expiry: 2_000_000_000n })
    await tables.asks.put(inChannel(channel, digest(network, 'InferenceRequest', request.message)), {
      statement: request,
      content,
      offer,
      inputTokens: 0,
      creditTokens: 0,
      received: [],
      over: false
    })
    wallet = createWallet(parts, tables, createReceipts(parts, tables), none)
  })

  /** Signed for by a worker that says that so many tokens were in the prompt. */
  const signs = async (inputTokens: number, answer: readonly number[] = [7, 8, 9]): Promise<bigint> => {
    const purse = await wallet.find(channel)
    assert.ok(purse !== undefined)
    const facts = { request, content, offer: offer.message, inputTokens, answer }
    const message = receiptFor(network, openChannel(0n), facts, { startedAt: 1n, finishedAt: 2n })
    await wallet.countersign(purse, { receipt: signStatement(network, 'Receipt', message, workerKey), answer })
    return purse.record.channel.settled
  }

  it('signs for what it had agreed to, and blames nobody', async () => {
    assert.equal(await signs(5), 35n)
  })

  it('signs for no prompt that its text cannot have', async () => {
    await assert.rejects(signs(mostInputTokens(content.messages, 0) + 1), { code: 'answer.input-tokens' })
  })

  it('signs for no more than a worker gives before it is paid, whatever the request agreed to', async () => {
    const whole = Array<number>(512).fill(7)
    await assert.rejects(signs(1, whole), { code: 'receipt.answer' })
    assert.equal(await signs(10, whole.slice(1)), credit)
  })

  it('is asked for no more of its deposit by it', async () => {
    const purse = await wallet.find(channel)
    assert.ok(purse !== undefined)
    await wallet.update(purse, state => ({ ...state, deposit: credit + maxFee }))
    assert.equal(await wallet.hasRoom(offer, maxFee), true)
    assert.equal(await wallet.hasRoom(offer, maxFee + 1n), false)
  })
})
