import { z } from 'zod'
import { nothing, paged, pageSchema, route } from './route.ts'
import { account, addressView, decimal, hash } from './views.ts'

// What an account earned: by kind of work, over time, by epoch; what waits and why; and why a sum is what it is.

/** What an account is paid for. Pools pay for data and for scoring by one claim. */
const incomeKind = z.enum(['training', 'serving', 'building', 'upstream', 'data', 'settling', 'validating', 'scoring'])

/**
 * One payment, by a transaction. `of`: the job, model or pool that it is for; `scoring`: what of it is for scoring,
 * where a claim brings both.
 */
const paymentView = z.object({
  kind: incomeKind,
  amount: decimal,
  scoring: decimal,
  of: hash.nullable(),
  block: decimal,
  transaction: hash
})
export type PaymentView = z.infer<typeof paymentView>

/**
 * What an epoch kept back of an account's: divided with epoch `until`, or the first one after `by`. `evidence`: the
 * model of a later version by which it would be divided again, if it were now.
 */
export const keptView = z.object({
  model: hash,
  epoch: z.int(),
  until: z.int(),
  by: z.int(),
  amount: decimal,
  evidence: hash.nullable()
})
export type KeptView = z.infer<typeof keptView>

/** `balance` is that of the payout address. */
const earningsView = z.object({
  account: addressView,
  payout: addressView,
  balance: decimal,
  /** All that was paid out so far, by kind. */
  income: z.array(z.object({ kind: incomeKind, amount: decimal, times: z.int() })).readonly(),
  /** Not paid out yet: vouchers (of this daemon only) and data by `claim`, escrows when their jobs end. */
  waiting: z.object({ vouchers: decimal, data: decimal, escrow: decimal }),
  /** `scored`: what of all that a pool gave is for words on answers. */
  pools: z.array(
    z.object({
      pool: hash,
      cumulative: decimal,
      claimed: decimal,
      claimable: decimal,
      scored: decimal,
      /** What waits to be divided by what later versions show, as the first division has it; and until when. */
      keptBack: decimal,
      kept: z.array(keptView)
    })
  )
})
export type EarningsView = z.infer<typeof earningsView>

/** One payment with the time of its block; null where the chain could not be asked. */
export const timedPayment = paymentView.extend({ at: z.int().nullable(), name: z.string() })
export type TimedPayment = z.infer<typeof timedPayment>

/** Sums by time: `at` is where a step begins. Steps in which nothing came are left out. */
export const seriesView = z.object({
  step: z.enum(['minute', 'hour', 'day']),
  points: z.array(z.object({ at: z.int(), kind: incomeKind, amount: decimal })),
  /** What was paid before the first point. */
  before: decimal
})
export type SeriesView = z.infer<typeof seriesView>

/** What decided a share; see protocol/payouts `shareRule`. */
export const shareRule = z.enum(['paid', 'scoring', 'no-player', 'gate', 'value', 'nobody'])
export type ShareRuleName = z.infer<typeof shareRule>

/** What one epoch gives an account from the data fees of a Datanet. Values as in `epochView`. */
export const shareView = z.object({
  pool: hash,
  name: z.string(),
  epoch: z.int(),
  state: z.string(),
  transaction: hash.nullable(),
  /** From when it can be made final. */
  challengeEnds: z.int(),
  answers: z.int(),
  /** What it shares out among all, and what of it nobody earned. */
  dataFees: decimal,
  held: decimal,
  share: decimal,
  heldOutShare: decimal,
  /** What of it is for words on answers that counted. */
  scoringShare: decimal,
  /** What of it earlier epochs had kept back, and by how much later evidence made that more or less. */
  vestedShare: decimal,
  resettled: decimal,
  cumulative: decimal,
  value: decimal,
  gate: decimal.nullable(),
  rule: shareRule,
  /** The rule in a sentence, and what can be done. */
  why: z.string(),
  help: z.string()
})
export type ShareView = z.infer<typeof shareView>

/** Money that is on its way: what it waits for, until when, and what brings it. */
export const waitingView = z.object({
  kind: z.enum(['claim', 'window', 'next', 'kept', 'voucher', 'escrow']),
  pool: hash.nullable(),
  name: z.string(),
  epoch: z.int().nullable(),
  /** The account's own; null while nobody can know it. */
  amount: decimal.nullable(),
  /** What it is a part of, where its own part is not known yet. */
  of: decimal.nullable(),
  until: z.int().nullable(),
  why: z.string(),
  help: z.string()
})
export type WaitingView = z.infer<typeof waitingView>

const measured = z.object({ full: z.number(), without: z.number().nullable(), empty: z.number() })
/** A piece of advice: what would have earned more. */
export const adviceView = z.object({ code: z.string(), text: z.string() })

/** Why a share is what it is: every number of the arithmetic, and what it means in words. */
export const whyShareView = shareView.extend({
  /** What the weighed answers brought, each divided by itself; and Σ of everybody's positive values. */
  weighed: decimal,
  values: decimal,
  /** What went to scorers for their words on those, before they were divided. */
  scoring: decimal,
  /** What was held before, or given, and goes by held-out values now. */
  released: decimal,
  /** What this epoch keeps back of this account's for later evidence, and until which. */
  keptBack: decimal,
  keptUntil: z.int().nullable(),
  /** The same of all; and what this epoch pays of what earlier ones had kept back. */
  keptByAll: decimal,
  vestedByAll: decimal,
  weighedAnswers: z.int(),
  heldOutAnswers: z.int(),
  unweighedAnswers: z.int(),
  heldOutParts: z.array(z.object({ model: hash, name: z.string(), money: decimal })),
  /**
   * Mean probability of the right answer to a held-out question, with all rows, without this account's, and of the base
   * model alone; null where the coalition without just this account was not drawn.
   */
  gates: z.array(
    measured.extend({
      model: hash,
      name: z.string(),
      questions: z.int(),
      value: decimal,
      /**
       * In 1e-6: how far what its rows add to answers is believed, the most that counts of it in an answer, and its
       * part of what goes by held-out values.
       */
      calibration: decimal,
      most: decimal,
      part: decimal
    })
  ),
  players: z.array(z.object({ account: addressView, value: decimal, gate: decimal.nullable(), share: decimal })),
  /** Its contributions to the Datanet, as far as this node follows it. */
  rows: z
    .object({
      contributions: z.int(),
      accepted: z.int(),
      /** Of those that were accepted: withdrawn or taken down since. What epochs gave for them stays. */
      left: z.int(),
      rows: z.int(),
      /** Rows that were accepted as its own; null where this node cannot know. */
      own: z.int().nullable(),
      issues: z.record(z.string(), z.int())
    })
    .nullable(),
  advice: z.array(adviceView)
})
export type WhyShareView = z.infer<typeof whyShareView>

/** What one answer brought. Probabilities of the answer as it was given, as scorers measured them. */
export const whyAnswerView = z.object({
  receipt: hash,
  model: hash,
  name: z.string(),
  division: z.enum(['weighed', 'held-out', 'none']),
  fee: decimal,
  /** What the answer brought the pool. */
  dataFee: decimal,
  /** φ in 1e-6; null where it was not weighed, or the account is no player. */
  weight: decimal.nullable(),
  /** The same of what would have been answered without whom nobody believes; null where nothing goes by that. */
  counterfactual: decimal.nullable(),
  measured: measured.nullable(),
  /** What of the share it brought; what of that by held-out values, and for this account's word on it. */
  money: decimal,
  heldOut: decimal,
  scoring: decimal,
  /** What comes later, if no later version says otherwise. */
  keptBack: decimal,
  finishedAt: z.int(),
  /** Where this node was its client or its worker and keeps it still. */
  question: z.string().nullable()
})
export type WhyAnswerView = z.infer<typeof whyAnswerView>

/**
 * A claim as the contract takes it: anybody may send it, and the tokens go to the account's payout address. `data` is
 * the transaction's call data.
 */
export const claimCallView = z.object({
  pool: hash,
  name: z.string(),
  epoch: z.int(),
  amount: decimal,
  cumulative: decimal,
  claimed: decimal,
  data: z.string(),
  proof: z.object({ index: decimal, siblings: z.array(z.object({ hash, sum: decimal })) }),
  root: z.object({ hash, sum: decimal })
})
export type ClaimCallView = z.infer<typeof claimCallView>

const ofAccount = z.object({ account })
const ofEpoch = ofAccount.extend({ pool: hash, epoch: z.coerce.number<string | number>().int().min(1) })

export const earningsRoutes = {
  earnings: route({
    method: 'GET',
    path: '/api/earnings/:account',
    stage: 'claim',
    summary: 'What an account earned by each kind of work, and what it may claim',
    params: ofAccount,
    reply: earningsView
  }),
  income: route({
    method: 'GET',
    path: '/api/earnings/:account/income',
    stage: 'claim',
    summary: 'Payments to an account with their times, the newest first',
    params: ofAccount.extend(paged.shape),
    reply: pageSchema(timedPayment)
  }),
  earningsOver: route({
    method: 'GET',
    path: '/api/earnings/:account/series',
    stage: 'claim',
    summary: 'What came in over time, by kind of work: sums for each minute, hour or day',
    params: ofAccount.extend({ step: seriesView.shape.step.optional() }),
    reply: seriesView
  }),
  shares: route({
    method: 'GET',
    path: '/api/earnings/:account/epochs',
    stage: 'settlement',
    summary: 'What each epoch gives an account, and by which rule; the newest first, Datanet by Datanet',
    params: ofAccount.extend(paged.shape),
    reply: pageSchema(shareView)
  }),
  waiting: route({
    method: 'GET',
    path: '/api/earnings/:account/waiting',
    stage: 'claim',
    summary: 'What waits for an account, where, for how long, and what brings it',
    params: ofAccount.extend(paged.shape),
    reply: pageSchema(waitingView)
  }),
  whyShare: route({
    method: 'GET',
    path: '/api/earnings/:account/why/:pool/:epoch',
    stage: 'attribution',
    summary:
      'Why an epoch gives an account what it gives: what was measured, the arithmetic, what would have earned more',
    params: ofEpoch,
    reply: whyShareView
  }),
  whyAnswers: route({
    method: 'GET',
    path: '/api/earnings/:account/why/:pool/:epoch/answers',
    stage: 'attribution',
    summary: 'The answers that a share came from, and what each brought',
    params: ofEpoch.extend(paged.shape),
    reply: pageSchema(whyAnswerView)
  }),
  claimCalls: route({
    method: 'GET',
    path: '/api/earnings/:account/claims',
    stage: 'claim',
    summary: 'What an account may claim, as transactions that a wallet can send itself',
    params: ofAccount.extend(paged.shape),
    reply: pageSchema(claimCallView).extend({ chainId: z.int(), contract: addressView, payout: addressView })
  }),
  claim: route({
    method: 'POST',
    path: '/api/earnings/:account/claim',
    stage: 'claim',
    summary: 'Claim for an account, to its payout address; this daemon pays the gas',
    params: ofAccount,
    body: nothing,
    reply: z.object({ amount: decimal, transactions: z.array(z.string()) })
  })
} as const
