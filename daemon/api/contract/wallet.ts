import { z } from 'zod'
import { nothing, route } from './route.ts'
import { account, decimal, hash } from './views.ts'

/** What this daemon's account holds. Times are milliseconds since 1970, amounts the smallest unit. */
export const walletView = z.object({
  account,
  payout: account,
  payoutBalance: decimal,
  balance: decimal,
  /** The chain's own coin, and about how many transactions it pays for now. */
  gas: decimal,
  transactions: z.int(),
  stake: decimal,
  /** Of the stake: what seats and standings hold, so that it is free for nothing else. */
  locked: decimal,
  /** On its way out of the stake, and from when it can be withdrawn. */
  unbonding: decimal,
  availableAt: z.int().nullable(),
  /** What a settler or scorer must have at stake. */
  minStake: decimal,
  /** In channels to workers and not claimed; what of all deposits is promised. */
  inChannels: decimal,
  promised: decimal,
  /** Put down, and to come back: with its challenges that juries look at, and with its contributions. */
  putDown: decimal,
  /** Earned, and waiting: in vouchers, and from data. `tilth claim` brings both. */
  owed: decimal,
  claimable: decimal,
  /** In escrow: for training that this node has others do, and for training that it does. */
  escrowed: decimal,
  expected: decimal
})
export type WalletView = z.infer<typeof walletView>

const positive = z.string().regex(/^[1-9][0-9]{0,39}$/, 'must be a whole number of the smallest unit, more than 0')
const sum = z.string().regex(/^[0-9]{1,40}$/, 'must be a whole number of the smallest unit')
const transaction = z.object({ transaction: hash })

/** The daemon's own money. */
export const walletRoutes = {
  wallet: route({
    method: 'GET',
    path: '/api/wallet',
    stage: 'node',
    summary: 'What the account of this daemon holds, has at stake, in channels and to claim',
    reply: walletView
  }),
  send: route({
    method: 'POST',
    path: '/api/wallet/send',
    stage: 'node',
    summary: "Send tokens, or the chain's own coin",
    body: z.strictObject({ to: account, amount: positive, coin: z.boolean().default(false) }),
    reply: transaction
  }),
  stake: route({
    method: 'POST',
    path: '/api/wallet/stake',
    stage: 'node',
    summary: 'Add to the stake of this node',
    body: z.strictObject({ amount: positive }),
    reply: transaction.extend({ stake: decimal })
  }),
  unstake: route({
    method: 'POST',
    path: '/api/wallet/unstake',
    stage: 'node',
    summary: 'Ask for stake back; it can be withdrawn after a delay, and slashed until then',
    body: z.strictObject({ amount: positive }),
    reply: transaction.extend({ stake: decimal, unbonding: decimal, availableAt: z.int() })
  }),
  withdrawStake: route({
    method: 'POST',
    path: '/api/wallet/withdraw',
    stage: 'node',
    summary: 'Take what has come out of the stake',
    body: nothing,
    reply: transaction.extend({ amount: decimal })
  }),
  setPayout: route({
    method: 'POST',
    path: '/api/wallet/payout',
    stage: 'node',
    summary: 'Have earnings paid to another address from now on',
    body: z.strictObject({ payout: account }),
    reply: transaction.extend({ payout: account })
  }),
  fund: route({
    method: 'POST',
    path: '/api/wallet/fund',
    stage: 'node',
    summary: 'Take tokens and coin from the purse of a chain for development; refused on any other',
    body: z.strictObject({ tokens: sum, coin: sum }),
    reply: z.object({ transactions: z.array(hash), balance: decimal, gas: decimal })
  })
} as const
