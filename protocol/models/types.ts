import { z } from 'zod'
import { address, amount, bytes32, cidText, signature, uint } from '../primitives/hex.ts'
import { splitParts } from '../primitives/split.ts'
import { signedSchema } from '../crypto/schema.ts'
import { mostContextRows } from '../data/retrieval.ts'
import { chatRole } from '../data/types.ts'
import { checkForm, mostFormCharacters } from '../form/index.ts'
import { InvalidError } from '../primitives/errors.ts'
import { hasFewMarks, mostMarks } from '../primitives/marks.ts'

/** Letters of a model's name. */
export const mostModelName = 80

/** A model as the chain and the DHT know it. `adapter` and `result` are null for a base model served as it is. */
export const modelRecord = z.strictObject({
  id: bytes32,
  name: z.string().min(1).max(mostModelName),
  builder: address,
  worker: address,
  base: cidText,
  adapter: cidText.nullable(),
  /** CID of the JobResult: players, coalitions, sibling adapters. */
  result: cidText.nullable(),
  datanet: bytes32,
  version: z.int().min(0),
  /** Basis points of every fee; sum 10000. */
  split: splitParts,
  /** The registered model that it was grown from, if a part of its fees goes there. */
  upstream: bytes32.optional(),
  /** As it was registered: any text, of which `licenceText` is what this version would register. */
  licence: z.string().min(1).max(100).optional()
})
export type ModelRecord = z.infer<typeof modelRecord>

/** Turns of a conversation, characters (UTF-16 units) of one of them, and of all: what goes into one frame. */
export const mostTurns = 256
export const mostTurnCharacters = 131_072
const mostAskedCharacters = 512_000

/** What is asked: a conversation, as long as models' contexts are. A row of training data is shorter (`data`). */
const conversation = z
  .array(
    z.strictObject({
      role: chatRole,
      content: z
        .string()
        .min(1)
        .max(mostTurnCharacters)
        .refine(hasFewMarks, `must have at most ${mostMarks} marks on one letter`)
    })
  )
  .min(1)
  .max(mostTurns)
  .refine(
    messages => messages.reduce((sum, { content }) => sum + content.length, 0) <= mostAskedCharacters,
    `must have at most ${mostAskedCharacters} characters in all`
  )

/** Likeliest tokens that are told of beside each token of an answer. */
export const mostLogprobs = 20
/** A token, the bytes it stands for, and the natural logarithm of its probability by the model itself. */
const tokenLogprob = z.strictObject({
  id: z.int().min(0),
  bytes: z.array(z.int().min(0).max(255)).max(256),
  logprob: z.number().min(-10_000).max(0)
})
const chosenLogprob = tokenLogprob.extend({ top: z.array(tokenLogprob).max(mostLogprobs) })
export type ChosenLogprob = z.infer<typeof chosenLogprob>

/** [reject] A form that an answer can have: what a worker could not follow is no request. */
const form = z
  .string()
  .max(mostFormCharacters)
  .superRefine((text, context) => {
    try {
      checkForm(text)
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
    }
  })

/**
 * What a client asks; its hash stands in the `InferenceRequest` statement. `resume` holds answer tokens already
 * received from a worker that failed. `nonce` is random and new for each request: hashes are public, and without it
 * whoever guesses a question could confirm the guess.
 */
export const inferenceContent = z.strictObject({
  nonce: bytes32,
  /**
   * What templates that print the date are told: days since 1970 in UTC. It is the client's word, so that worker,
   * client and scorers have the same prompt, whenever they read it.
   */
  day: z.int().min(0).max(1_000_000),
  messages: conversation,
  maxTokens: z.int().min(1).max(4096),
  /** 0 is greedy. */
  temperature: z.number().min(0).max(5),
  topK: z.int().min(0).max(1000),
  topP: z.number().gt(0).max(1),
  stop: z.array(z.string().min(1).max(64)).max(8),
  /** What the answer has to be (`protocol/form`); it may be any text where there is none. */
  form: form.optional(),
  /** The tokens' log-probabilities are sent along, and those of so many likeliest ones. */
  logprobs: z.int().min(0).max(mostLogprobs).optional(),
  /** So many rows of the model's version are put before what is asked (`protocol/data/retrieval.ts`). */
  context: z.int().min(1).max(mostContextRows).optional(),
  resume: z.array(z.int().min(0)).max(4096)
})
export type InferenceContent = z.infer<typeof inferenceContent>

/** A row of a version: its contribution, and its place in the shard. */
export const source = z.strictObject({ contribution: bytes32, row: z.int().min(0) })
export type Source = z.infer<typeof source>

/** A receipt with both signatures: what anybody may know of an answer. */
export const cosignedReceipt = z.strictObject({
  receipt: signedSchema('Receipt'),
  clientSignature: signature,
  client: address,
  worker: address
})
export type CosignedReceipt = z.infer<typeof cosignedReceipt>

/** Receipts that one side of a channel shows the other at once. */
export const mostRecalled = 64

/**
 * Frames of `/tilth/models/infer/1`, client's side: a request, vouchers as tokens come, the countersignature of each
 * receipt (or cancel). `quote` asks for the worker's offer, `reconcile` for receipts that still want a
 * countersignature, `recall` for what this side may have forgotten of its channel.
 */
export const clientFrame = z.discriminatedUnion('kind', [
  /** `offer` is the worker's own, by which the answer is priced; `voucher` the channel's highest so far. */
  z.strictObject({
    kind: z.literal('request'),
    statement: signedSchema('InferenceRequest'),
    content: inferenceContent,
    offer: signedSchema('Offer'),
    voucher: signedSchema('Voucher').nullable()
  }),
  /** `received`: answer tokens of this request that have arrived. */
  z.strictObject({ kind: z.literal('voucher'), voucher: signedSchema('Voucher'), received: z.int().min(0).max(4096) }),
  /** The voucher pays up to the receipt; null if an earlier one does. */
  z.strictObject({ kind: z.literal('countersign'), signature, voucher: signedSchema('Voucher').nullable() }),
  z.strictObject({ kind: z.literal('cancel') }),
  z.strictObject({ kind: z.literal('quote'), model: bytes32 }),
  /** `left`: requests of this channel whose streams the client has lost. */
  z.strictObject({
    kind: z.literal('reconcile'),
    channel: bytes32,
    voucher: signedSchema('Voucher').nullable(),
    left: z.array(bytes32).max(256)
  }),
  /**
   * `sequence`: of the last receipt that the client knows. `receipts`: some that the worker did not know of a moment
   * ago, in their order.
   */
  z.strictObject({
    kind: z.literal('recall'),
    channel: bytes32,
    sequence: uint(64),
    receipts: z.array(cosignedReceipt).max(mostRecalled),
    voucher: signedSchema('Voucher').nullable()
  })
])
export type ClientFrame = z.infer<typeof clientFrame>

export const finish = z.enum(['stop', 'length', 'cancelled'])
export type Finish = z.infer<typeof finish>

/** Worker's side: accepted, tokens, finished, then the receipt it has signed. */
export const workerFrame = z.discriminatedUnion('kind', [
  /** The worker took the request: prompt and resumed tokens counted, and what it serves before the next voucher. */
  z.strictObject({
    kind: z.literal('accepted'),
    inputTokens: z.int().min(0),
    creditTokens: z.int().min(0).max(4096),
    /** The rows that were put before the question, where some were asked for. */
    sources: z.array(source).max(mostContextRows).optional()
  }),
  /**
   * Token ids and the text they complete (may be empty while a character is incomplete). `owed`: this answer's fee so
   * far.
   */
  z.strictObject({
    kind: z.literal('tokens'),
    ids: z.array(z.int().min(0)).min(1).max(64),
    text: z.string().max(4096),
    owed: amount,
    /** Where they were asked for: one for each token. They are its worker's word. */
    logprobs: z.array(chosenLogprob).max(64).optional()
  }),
  /** No more tokens come. `tail`: text held back until the end, because it could have become a stop string. */
  z.strictObject({ kind: z.literal('finished'), finish, tail: z.string().max(4096) }),
  z.strictObject({ kind: z.literal('receipt'), receipt: signedSchema('Receipt') }),
  /**
   * The receipt of an earlier answer on this channel that was cut off: it comes before anything new. `answer`: what of
   * it was received for sure.
   */
  z.strictObject({
    kind: z.literal('pending'),
    receipt: signedSchema('Receipt'),
    answer: z.array(z.int().min(0)).max(4096)
  }),
  z.strictObject({ kind: z.literal('offer'), offer: signedSchema('Offer') }),
  /** Before `recalled`: a request of the channel that the client has signed and no receipt has been signed for. */
  z.strictObject({
    kind: z.literal('asked'),
    request: signedSchema('InferenceRequest'),
    content: inferenceContent,
    offer: signedSchema('Offer')
  }),
  /**
   * `sequence`: of the last receipt that the worker knows. `receipts`: those that the client does not, in their order,
   * the last ones. `voucher`: the client's highest, where it has named a lower one.
   */
  z.strictObject({
    kind: z.literal('recalled'),
    sequence: uint(64),
    receipts: z.array(cosignedReceipt).max(mostRecalled),
    voucher: signedSchema('Voucher').nullable()
  }),
  z.strictObject({ kind: z.literal('done') })
])
export type WorkerFrame = z.infer<typeof workerFrame>

/**
 * What a receipt's hashes stand for. It is between client and worker; a scorer sees it while it weighs the answer, and
 * nobody sees what is confidential.
 */
export const opening = z.strictObject({
  /** Its digest is `Receipt.request`. */
  request: signedSchema('InferenceRequest'),
  content: inferenceContent,
  /** With the content's nonce it gives `Receipt.response`. */
  answer: z.array(z.int().min(0)).max(4096)
})
export type Opening = z.infer<typeof opening>

/** What travels on the topic `tilth/models/1`. */
export const modelsMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('offer'), offer: signedSchema('Offer') })
])
export type ModelsMessage = z.infer<typeof modelsMessage>
