import { z } from 'zod'
import { signedSchema } from '../../protocol/crypto/index.ts'
import { cosignedReceipt, finish, inferenceContent, modelRecord, opening } from '../../protocol/models/index.ts'
import type { ChannelState } from '../../protocol/models/index.ts'
import { address, amount, bytes32, signature, uint } from '../../protocol/primitives/index.ts'
import type { Store } from '../store/index.ts'

// What this phase keeps on disk. Everything here survives `kill -9`; what is acknowledged to a peer was written first.

const account = { deposit: amount, paid: amount, claimed: amount, sequence: uint(64), head: bytes32, settled: amount }
const channelState: z.ZodType<ChannelState> = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('open'), ...account }),
  z.strictObject({ state: z.literal('closing'), ...account, closesAt: uint(64) }),
  z.strictObject({ state: z.literal('disputed'), ...account, code: z.string().max(60) }),
  z.strictObject({ state: z.literal('closed'), ...account, refunded: amount })
])
/** When this node heard that the channel is closed, in seconds; 0 while it is not. */
const endedAt = uint(64)
const ids = z.array(z.int().min(0)).max(4096)

/** An offer that an answer was asked by; one of before offers said where they are from says nothing of it. */
const keptOffer = z.preprocess(value => {
  const { message } = (value ?? {}) as { message?: object }
  return { ...(value as object), message: { region: '', weights: '', ...message } }
}, signedSchema('Offer'))

/** A receipt that the worker has signed and the client not yet: sent again, the same, until it is countersigned. */
const pendingReceipt = z.strictObject({
  receipt: signedSchema('Receipt'),
  answer: ids
})
export type PendingReceipt = z.infer<typeof pendingReceipt>

/**
 * The last receipt that both have signed: by it the other side finds its way back that was restored from an older copy.
 */
const last = cosignedReceipt.optional()

/** Worker: a channel that pays it, with the signature of the highest voucher. */
const workerChannel = z.strictObject({
  id: bytes32,
  client: address,
  model: bytes32,
  expiry: uint(64),
  channel: channelState,
  voucher: signature.nullable(),
  pending: pendingReceipt.nullable(),
  last,
  endedAt
})
export type WorkerChannel = z.infer<typeof workerChannel>

/**
 * Worker: an answer from its acceptance until its receipt is countersigned. `answer` is what is known to have arrived.
 */
const answerRecord = z.strictObject({
  statement: signedSchema('InferenceRequest'),
  content: inferenceContent,
  offer: keptOffer,
  inputTokens: z.int().min(0),
  startedAt: uint(64),
  finishedAt: uint(64),
  state: z.enum(['running', 'ended']),
  finish,
  answer: ids
})
export type AnswerRecord = z.infer<typeof answerRecord>

/** Client: a channel it pays by. */
const clientChannel = z.strictObject({
  id: bytes32,
  worker: address,
  model: bytes32,
  expiry: uint(64),
  channel: channelState,
  last,
  endedAt,
  /** Up to which of its receipts the worker has said that it has the countersignature. */
  handed: uint(64).default(0n)
})
export type ClientChannel = z.infer<typeof clientChannel>

/**
 * Client: what it asked, until the receipt is countersigned. `over`: the worker has nothing more to sign for it, as far
 * as is known.
 */
const askRecord = z.strictObject({
  statement: signedSchema('InferenceRequest'),
  content: inferenceContent,
  offer: keptOffer,
  inputTokens: z.int().min(0),
  creditTokens: z.int().min(0),
  received: ids,
  over: z.boolean(),
  /** It may have been signed for before this side forgot: no more is paid for it than was promised by then. */
  uncertain: z.literal(true).optional()
})
export type AskRecord = z.infer<typeof askRecord>

/** A model as the chain has it, and the block that brought it, so that a reorganisation can take it back. */
const registered = z.strictObject({ record: modelRecord, block: uint(64), order: z.int(), retired: z.boolean() })
export type Registered = z.infer<typeof registered>

/** All tables of this phase. */
export function openTables(store: Pick<Store, 'collection'>) {
  return {
    models: store.collection('models/registered', registered),
    serving: store.collection('models/serving', z.strictObject({ inputPrice: amount, outputPrice: amount })),
    /** Bases of which every model is offered, by CID. */
    servingBases: store.collection('models/serving-bases', z.strictObject({ inputPrice: amount, outputPrice: amount })),
    /** Models that the owner withdrew: not served again by itself. */
    unserved: store.collection('models/unserved', z.literal(true)),
    workerChannels: store.collection('models/worker-channels', workerChannel),
    /** Key: channel/request. */
    answers: store.collection('models/answers', answerRecord),
    /** Requests taken, none is answered twice. Key: time of issue, then id, so that old ones are forgotten by range. */
    served: store.collection('models/served', z.literal(true)),
    clientChannels: store.collection('models/client-channels', clientChannel),
    /** Client: those that are not closed. Key: worker/model/channel. */
    payable: store.collection('models/payable', z.literal(true)),
    /** Key: channel/request. */
    asks: store.collection('models/asks', askRecord),
    /** Key: the number of its coming. */
    receipts: store.collection('models/receipts', cosignedReceipt),
    receiptKeys: store.collection('models/receipt-keys', z.string().max(200)),
    receiptCount: store.collection('models/receipt-count', z.int().min(0)),
    /** Receipts that are to go when what was asked and answered is forgotten. */
    released: store.collection('models/released', z.literal(0)),
    /** What was asked and answered, by its end and its receipt, until nobody needs it any more. */
    openings: store.collection('models/openings', opening),
    openingKeys: store.collection('models/opening-keys', z.string().max(200)),
    /** By receipt: who was shown its opening; it goes with it. */
    shownTo: store.collection('models/shown-to', z.array(address).max(64))
  }
}
export type Tables = ReturnType<typeof openTables>

/** Key of what belongs to a channel and a request. */
export const inChannel = (channel: string, request: string): string => `${channel}/${request}`
