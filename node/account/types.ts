import type { Address, Hex, Page, PageRequest } from '../../protocol/primitives/index.ts'
import type { FollowedChain, IncomeKind, Mined } from '../chain/types.ts'
import type { ModelsService } from '../models/types.ts'
import type { Clock } from '../runtime/types.ts'
import type { EarningsView, PayoutsService } from '../payouts/types.ts'

/** What an account holds and where the rest of its money is. Amounts in the smallest units. */
export interface WalletView {
  readonly account: Address
  /** Where earnings go: the account itself unless it chose another address, and what that one holds. */
  readonly payout: Address
  readonly payoutBalance: bigint
  /** Tokens that can be spent now. */
  readonly balance: bigint
  /** The chain's own coin, and about how many transactions it pays for at the present price. */
  readonly gas: bigint
  readonly transactions: number
  /** At stake; on its way out of it, and when that can be withdrawn (chain seconds, 0 when nothing is). */
  readonly stake: bigint
  /** Of the stake: what seats and standings hold, so that it is free for nothing else. */
  readonly locked: bigint
  readonly unbonding: bigint
  readonly availableAt: bigint
  /** What a settler or scorer must have at stake. */
  readonly minStake: bigint
  /** In channels to workers: paid in and not claimed, and what of it vouchers have promised. */
  readonly inChannels: bigint
  readonly promised: bigint
  /** Put down, and to come back: with its challenges that juries look at, and with its contributions. */
  readonly putDown: bigint
  /** Earned and waiting: in vouchers that nobody has claimed, and from data. */
  readonly owed: bigint
  readonly claimable: bigint
  /** In escrow: of its own, for others' training and as deposits; and for its own training of others' models. */
  readonly escrowed: bigint
  readonly expected: bigint
}

/** Kinds of work that are paid for: what the chain tells apart, and scoring, which pools pay along with data. */
export type WorkKind = IncomeKind | 'scoring'

/** What an account was paid for so far, and what waits for it. */
export interface IncomeView extends EarningsView {
  readonly income: readonly { readonly kind: WorkKind; readonly amount: bigint; readonly times: number }[]
  /** In vouchers that nobody has claimed (of this node only), from data, and in escrow for training that runs. */
  readonly waiting: { readonly vouchers: bigint; readonly data: bigint; readonly escrow: bigint }
}

/** One payment. `of`: the job, model or pool that it is for; `scoring`: what of a claim is for scoring. */
export interface PaymentView {
  readonly kind: WorkKind
  readonly amount: bigint
  readonly scoring: bigint
  readonly of: Hex | null
  readonly block: bigint
  readonly transaction: Hex
}

export interface Account {
  wallet(): Promise<WalletView>
  /** Of any account, from the chain. */
  earnings(account: Address): Promise<IncomeView>
  /** Its payments, the newest first. @throws InvalidError `page.cursor` */
  income(account: Address, page?: PageRequest): Promise<Page<PaymentView>>
  /**
   * Sends tokens, or with `coin` the chain's own coin.
   * @throws InvalidError `wallet.self`, `wallet.zero`, `wallet.tokens`, `wallet.coin` · as the chain
   */
  send(to: Address, amount: bigint, options: { coin: boolean }): Promise<Mined>
  /** @throws InvalidError `wallet.tokens` · as the chain */
  stake(amount: bigint): Promise<Mined>
  /** Asks for stake back: it comes after the registry's delay, by `withdraw`. @throws InvalidError `wallet.stake` */
  unstake(amount: bigint): Promise<Mined>
  /** @throws InvalidError `wallet.nothing`, `wallet.bonded` while the delay runs */
  withdraw(): Promise<Mined & { amount: bigint }>
  /** From now on earnings go there. @throws InvalidError `wallet.zero` */
  setPayout(payout: Address): Promise<Mined>
  /** On a chain for development: tokens and coin out of its purse. @throws ChainError `chain.faucet` elsewhere */
  fund(amounts: { tokens: bigint; coin: bigint }): Promise<{ transactions: readonly Hex[] }>
}

export interface AccountDeps {
  readonly self: Address
  readonly rpcUrl: string
  readonly clock: Pick<Clock, 'now'>
  readonly chain: Pick<FollowedChain, 'tokens' | 'nodes' | 'payouts' | 'head' | 'network' | 'addresses' | 'ledger'>
  readonly models: Pick<ModelsService, 'owed' | 'deposits'>
  readonly payouts: Pick<PayoutsService, 'earnings' | 'scored'>
}
