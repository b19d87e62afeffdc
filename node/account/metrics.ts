import { createCache, gauge } from '../runtime/index.ts'
import type { Clock, Log, Metrics } from '../runtime/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import type { Account, IncomeView, WalletView } from './types.ts'

/** A look at the chain counts for so long: scrapes come as often as anybody likes. */
const freshMs = 10_000
/** A scrape waits so long for the chain, then shows what was seen last. */
const patienceMs = 2_000

interface Seen {
  readonly wallet: WalletView
  readonly earnings: IncomeView
}
const whole = (smallest: bigint): number => Number(smallest) / 1e18

/** What the owner of an account watches. Amounts are in whole tokens, for reading, not for accounts. */
export function declareAccountMetrics(
  metrics: Metrics,
  account: Pick<Account, 'wallet' | 'earnings'>,
  { self, clock, log }: { self: Address; clock: Clock; log: Log }
): void {
  const looks = createCache<'', Promise<Seen | undefined>>({ max: 1, forMs: freshMs, clock })
  let last: Seen | undefined

  async function look(): Promise<Seen | undefined> {
    try {
      const [wallet, earnings] = await Promise.all([account.wallet(), account.earnings(self)])
      last = { wallet, earnings }
    } catch (error) {
      log.debug('the account could not be looked at for the metrics', { error })
    }
    return last
  }
  /** Undefined before the first look has succeeded: then nothing is shown rather than zeros. */
  async function seen(): Promise<Seen | undefined> {
    const running = looks.get('') ?? look()
    looks.set('', running)
    const late = new AbortController()
    const shown = await Promise.race([running, clock.sleep(patienceMs, late.signal).then(() => last)])
    late.abort()
    return shown
  }
  const show = (name: string, help: string, read: (seen: Seen) => number): void => {
    gauge(metrics, name, help, [], async self => {
      const now = await seen()
      if (now !== undefined) self.set(read(now))
    })
  }

  show('tilth_wallet_balance_tokens', 'Tokens that the account can spend', ({ wallet }) => whole(wallet.balance))
  show('tilth_wallet_gas_coin', "The chain's own coin that the account holds", ({ wallet }) => whole(wallet.gas))
  show(
    'tilth_wallet_gas_transactions',
    'About how many transactions that coin pays for at the present price',
    ({ wallet }) => wallet.transactions
  )
  show('tilth_wallet_stake_tokens', 'Tokens at stake', ({ wallet }) => whole(wallet.stake))
  show('tilth_wallet_unbonding_tokens', 'Tokens on their way out of the stake', ({ wallet }) => whole(wallet.unbonding))
  show('tilth_wallet_channels_tokens', 'Paid into channels to workers and not claimed', ({ wallet }) =>
    whole(wallet.inChannels)
  )
  show('tilth_wallet_escrow_tokens', "In escrow for others' training", ({ wallet }) => whole(wallet.escrowed))
  gauge(
    metrics,
    'tilth_earnings_tokens',
    'Paid to the account on chain so far, by kind of work',
    ['kind'],
    async at => {
      const now = await seen()
      for (const { kind, amount } of now?.earnings.income ?? []) at.set({ kind }, whole(amount))
    }
  )
  gauge(metrics, 'tilth_earnings_payments', 'Payments to the account so far, by kind of work', ['kind'], async at => {
    const now = await seen()
    for (const { kind, times } of now?.earnings.income ?? []) at.set({ kind }, times)
  })
  gauge(
    metrics,
    'tilth_earnings_waiting_tokens',
    'Earned and not paid out yet, by where it waits',
    ['in'],
    async at => {
      const now = await seen()
      for (const [place, amount] of Object.entries(now?.earnings.waiting ?? {})) at.set({ in: place }, whole(amount))
    }
  )
}
