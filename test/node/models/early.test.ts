import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { defaultPolicy } from '../../../node/models/deps.ts'
import type { Parts } from '../../../node/models/deps.ts'
import { openTables } from '../../../node/models/records.ts'
import { createAccounts } from '../../../node/models/worker/accounts.ts'
import type { Account, Accounts } from '../../../node/models/worker/accounts.ts'
import { createAdmission } from '../../../node/models/worker/admission.ts'
import type { Admission, RequestFrame } from '../../../node/models/worker/admission.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { closedWith, dayOf, feeOf } from '../../../protocol/models/index.ts'
import type { InferenceContent } from '../../../protocol/models/index.ts'
import { contentHash, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'

const network = { chainId: 31337, registry: `0x${'11'.repeat(20)}` } as const
const [clientKey, workerKey] = [fromHex(keccak('client')), fromHex(keccak('worker'))]
const [client, self] = [addressOfKey(clientKey), addressOfKey(workerKey)]
const [id, model] = [keccak('channel'), keccak('model')]
const now = 1_700_000_000n
const terms = { model, worker: self, inputPrice: 1n, outputPrice: 10n, capacity: 1, tokensPerSecond: 1 }
const offer = signStatement(
  network,
  'Offer',
  { ...terms, issuedAt: 1n, expires: now + 100n, region: '', weights: '' },
  workerKey
)

function requestOf(nonce: string): RequestFrame {
  const content: InferenceContent = {
    nonce: keccak(nonce),
    day: dayOf(now),
    messages: [{ role: 'user', content: 'why' }],
    maxTokens: 9,
    temperature: 0,
    topK: 0,
    topP: 1,
    stop: [],
    resume: []
  }
  const message = { channel: id, model, content: contentHash(content), seed: 1n, issuedAt: now, confidential: false }
  const maxFee = feeOf(offer.message, 100, 9)
  const statement = signStatement(network, 'InferenceRequest', { ...message, maxFee }, clientKey)
  return { kind: 'request', statement, content, offer, voucher: null }
}

describe('a prompt that is read before its request is judged', () => {
  let admission: Admission
  let accounts: Accounts
  let account: Account
  /** Prompts that were begun, each of which ends when it is told to. */
  let prompts: (() => void)[]

  const admitted = (frame: RequestFrame): ReturnType<Admission['admit']> => admission.admit(frame, {} as never)
  const admit = (nonce: string): ReturnType<Admission['admit']> => admitted(requestOf(nonce))

  beforeEach(async () => {
    prompts = []
    const store = memoryStore()
    const parts = {
      store,
      network,
      self,
      now: () => now,
      policy: defaultPolicy,
      timing: { marginSeconds: 60 }
    } as unknown as Parts
    accounts = createAccounts(parts, openTables(store))
    const terms = { id, client, worker: self, model, deposit: 50_000n, claimed: 0n, expiry: now + 9_000n }
    account = await accounts.account({ ...terms, closesAt: 0n, closed: false })
    const prompt = (): Promise<readonly number[]> => new Promise(resolve => prompts.push(() => resolve([1, 2, 3])))
    const served = { outputPrice: 10n, speed: 1, speech: { prompt }, answerer: { away: () => undefined } }
    const serving = {
      requireOffered: async () => undefined,
      own: () => true,
      ready: () => served,
      demand: async () => served,
      use: () => () => undefined
    } as never
    const channels = { of: async () => account, covering: (_: unknown, task: () => Promise<void>) => task() } as never
    admission = createAdmission(parts, accounts, channels, serving, { now: async () => now } as never)
  })

  it('is that of a request on a channel that still pays', async () => {
    const admitting = admit('first')
    while (prompts.length === 0) await turn()
    prompts[0]?.()
    assert.deepEqual((await admitting).prompt, [1, 2, 3])
    await accounts.update(account, state => closedWith(state, 0n))
    await assert.rejects(admit('second'), { code: 'channel.ending' })
    assert.equal(prompts.length, 1)
  })

  it('is read while its signature is looked at, and is one however many are signed by another', async () => {
    const { signature } = signStatement(network, 'InferenceRequest', requestOf('other').statement.message, workerKey)
    const forged = (nonce: string): RequestFrame => {
      const frame = requestOf(nonce)
      return { ...frame, statement: { ...frame.statement, signature } }
    }
    for (let i = 0; i < 9; i++) await assert.rejects(admitted(forged(`${i}`)), { code: 'signature.mismatch' })
    assert.equal(prompts.length, 1)
    prompts[0]?.()
    await turn()
    const admitting = admit('own')
    while (prompts.length === 1) await turn()
    prompts[1]?.()
    assert.deepEqual((await admitting).prompt, [1, 2, 3])
  })

  it('is not that of a client that left too much unpaid', async () => {
    admission.lost(client, 10n ** 9n)
    await assert.rejects(admit('first'), { code: 'client.unreliable' })
    assert.equal(prompts.length, 0)
  })

  it('is one for each request of a client that is here, however many came to nothing', async () => {
    const admitting = admit('first')
    while (prompts.length === 0) await turn()
    prompts[0]?.()
    const { request } = await admitting
    const { statement, content } = requestOf('first')
    const record = { statement, content, offer, inputTokens: 3, startedAt: now, finishedAt: 0n, answer: [] as number[] }
    const begun = accounts.begin(account, request, { ...record, state: 'running', finish: 'cancelled' }, 0n)
    await begun.written
    await accounts.end(account, begun.answer, [], 'cancelled')
    account.answers.delete(request)
    admission.over(request)
    for (let i = 0; i < 9; i++) await assert.rejects(admit('first'), { code: 'request.replayed' })
    assert.equal(prompts.length, 2)
    prompts[1]?.()
  })
})
