import { addressOfKey, digest, signDigest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Message } from '../../../protocol/crypto/index.ts'
import { contentHash, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { dayOf, noReceipts, receiptFor } from '../../../protocol/models/index.ts'
import type {
  AnswerFacts,
  ChainHead,
  ChannelTerms,
  CosignedReceipt,
  InferenceContent
} from '../../../protocol/models/index.ts'

// Two parties and one answer, all in order: what tests take as it is or change.

export const network = { chainId: 31337, registry: `0x${'ab'.repeat(20)}` } as const
export const key = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? n : 1))
export const [clientKey, workerKey, strangerKey] = [key(1), key(2), key(3)]
export const client = addressOfKey(clientKey)
export const worker = addressOfKey(workerKey)
export const model = keccak('model')
export const channelId = keccak('channel')
export const now = 1_800_000_000n

export const offerMessage = (change: Partial<Message<'Offer'>> = {}): Message<'Offer'> => ({
  model,
  worker,
  inputPrice: 10n,
  outputPrice: 40n,
  capacity: 4,
  tokensPerSecond: 100,
  issuedAt: now - 10n,
  expires: now + 60n,
  region: '',
  weights: '',
  ...change
})
export const content: InferenceContent = {
  nonce: keccak('nonce'),
  day: dayOf(now),
  messages: [{ role: 'user', content: 'why is the sky blue' }],
  maxTokens: 16,
  temperature: 0,
  topK: 0,
  topP: 1,
  stop: [],
  resume: []
}
export const requestMessage = (change: Partial<Message<'InferenceRequest'>> = {}): Message<'InferenceRequest'> => ({
  channel: channelId,
  model,
  content: contentHash(content),
  seed: 5n,
  maxFee: 10_000n,
  issuedAt: now,
  confidential: false,
  ...change
})
export const request = (change: Partial<Message<'InferenceRequest'>> = {}, by = clientKey) =>
  signStatement(network, 'InferenceRequest', requestMessage(change), by)
export const terms: ChannelTerms = {
  client,
  worker,
  model,
  deposit: 100_000n,
  expiry: now + 100_000n,
  closesAt: 0n,
  closed: false
}
export const facts = (change: Partial<AnswerFacts> = {}): AnswerFacts => ({
  request: request(),
  content,
  offer: offerMessage(),
  inputTokens: 5,
  answer: [1, 2, 3],
  ...change
})
export const signReceipt = (message: Message<'Receipt'>, by = workerKey) =>
  signStatement(network, 'Receipt', message, by)
export const receiptOf = (given: AnswerFacts, head: ChainHead = noReceipts) =>
  receiptFor(network, head, given, { startedAt: now, finishedAt: now + 1n })
export function cosign(given: AnswerFacts, head?: ChainHead): CosignedReceipt {
  const message = receiptOf(given, head)
  return {
    receipt: signReceipt(message),
    clientSignature: signDigest(digest(network, 'Receipt', message), clientKey),
    client,
    worker
  }
}
export const other: Hex = keccak('other')
