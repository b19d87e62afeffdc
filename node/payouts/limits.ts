import { mostReceipts } from '../../protocol/payouts/index.ts'

/** A bundle's bytes: receipts are 1 to 2 KB each without what was asked and answered. */
export const maxBundleBytes = 64 << 20
/**
 * … and what one may be with so many receipts: nobody fetches and reads more for a proposal of a few. The rest is for
 * what does not grow with them: accounts, models, and a hundred thousand channels that were counted before.
 */
export const bundleBytes = (receipts: number): number => Math.min(maxBundleBytes, (48 << 20) + receipts * (12 << 10))
/** Receipts of one epoch; what is over waits for the next. */
export const maxEpochReceipts = mostReceipts
/** Held-out questions that a validator measures itself, drawn by it alone; and models whose draw it remembers. */
export const sampledQuestions = 8
export const mostSamples = 64
/** Held-out questions measured in one call of the engine, so that serving gets its turn in between. */
export const heldOutBatch = 4
/** Tokens that a model's own answer to a held-out question may be longer than the true one. */
export const mostOwnTokens = 8
/** Results of jobs whose contributors' values are remembered before their models are registered. */
export const mostValued = 32
/** Disagreements of scorers that are remembered as told. */
export const mostTold = 4_096
/** Models whose base and siblings are held for weighing, and for how long after the last answer of theirs. */
export const modelsHeld = 16
export const modelHeldMs = 1_800_000
/** Models whose registration is remembered, and whose job's result is with it: one of many players has some 100 KB. */
export const modelsKnown = 4_096
export const modelsWeighed = 256
/** A closing message that is older (or newer) says nothing about now. */
export const closingFreshSeconds = 300n
/**
 * How often one settler calls a pool's workers to redeem for the same epoch: a few, for the first call may have found
 * nothing to settle, and an epoch that was voided is proposed again. Of so many settlers and pools it is remembered.
 */
export const closingCalls = 3
export const closingsRemembered = 4096
/** Pools whose latest bundle is looked for at the same time. */
export const poolsAtOnce = 16
/** Peers that are asked for receipts at the same time. */
export const peersAtOnce = 4
export const defaultTiming = {
  closingMs: 15_000,
  heldOutMs: 600_000,
  roundMs: 120_000,
  announceMs: 30_000,
  tickMs: 2_000,
  redeemPauseMs: 5_000,
  contentKeepMs: 3_600_000,
  sweepMs: 600_000
} as const
/** Versions whose rows are kept by their words, for who an answer may owe to; and rows put there without a pause. */
export const indexesKept = 4
export const rowsAtOnce = 200
