import { InvalidError, exactTokenText, zeroAddress } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { fundFromFaucet } from '../chain/index.ts'
import { createIncome } from './income.ts'
import { putDownBy } from './put-down.ts'
import type { Account, AccountDeps } from './types.ts'

/** Gas of a usual transaction: a claim, a commitment, a stake. */
const usualGas = 200_000n

const fundHelp =
  'Tokens come from whoever has some (`tilth wallet send ADDRESS AMOUNT`), from `tilth claim`, or on a local network ' +
  'from `tilth wallet fund --local`.'

/** What the node's key holds and may do with it. The checks here say in words what a contract would refuse. */
export function createAccount(deps: AccountDeps): Account {
  const { self, rpcUrl, chain, models, payouts, clock } = deps
  const { tokens, nodes } = chain

  /** [reject] The account can spend so many tokens. */
  async function requireTokens(amount: bigint): Promise<void> {
    const balance = await tokens.balanceOf(self)
    if (amount > balance)
      throw new InvalidError(
        'wallet.tokens',
        `the account holds ${exactTokenText(balance)} tokens, not ${exactTokenText(amount)}`,
        { help: fundHelp }
      )
  }
  /** [reject] Nobody holds the key of the zero address. */
  function requireSomebody(address: Address): void {
    if (address === zeroAddress)
      throw new InvalidError('wallet.zero', "the zero address is nobody's: what goes there is lost")
  }

  return {
    ...createIncome(deps),
    async wallet() {
      const [balance, gas, price, stake, locked, unbonding, { minStake }, deposits, put, owed, earnings, inEscrow] =
        await Promise.all([
          tokens.balanceOf(self),
          tokens.gasOf(self),
          tokens.gasPrice(),
          nodes.stakeOf(self),
          nodes.lockedOf(self),
          nodes.unbondingOf(self),
          chain.payouts.rules(),
          models.deposits(),
          putDownBy(chain.ledger, self),
          models.owed(),
          payouts.earnings(self),
          chain.ledger.account(self)
        ])
      return {
        account: self,
        payout: earnings.payout,
        payoutBalance: earnings.balance,
        balance,
        gas,
        transactions: Number(gas / (usualGas * (price > 0n ? price : 1n))),
        stake,
        locked,
        unbonding: unbonding.amount,
        availableAt: unbonding.availableAt,
        minStake,
        inChannels: deposits.deposited - deposits.claimed,
        promised: deposits.promised,
        putDown: put,
        owed,
        claimable: earnings.pools.reduce((sum, { claimable }) => sum + claimable, 0n),
        escrowed: inEscrow.escrowed,
        expected: inEscrow.expected
      }
    },
    async send(to, amount, { coin }) {
      requireSomebody(to)
      if (to === self) throw new InvalidError('wallet.self', 'that is this account itself')
      if (!coin) {
        await requireTokens(amount)
        return tokens.transfer(to, amount)
      }
      const gas = await tokens.gasOf(self)
      if (amount >= gas)
        throw new InvalidError(
          'wallet.coin',
          `the account holds ${exactTokenText(gas)} coin, and sending ${exactTokenText(amount)} costs gas besides`,
          { help: "Send less; what is left pays for this account's own transactions." }
        )
      return tokens.sendGas(to, amount)
    },
    async stake(amount) {
      await requireTokens(amount)
      return nodes.stake(amount)
    },
    async unstake(amount) {
      const stake = await nodes.stakeOf(self)
      if (amount > stake)
        throw new InvalidError(
          'wallet.stake',
          `${exactTokenText(stake)} tokens are at stake, not ${exactTokenText(amount)}`,
          {
            help: 'See `tilth wallet balance`.'
          }
        )
      return nodes.requestUnbond(amount)
    },
    async withdraw() {
      const [{ amount, availableAt }, { timestamp }] = await Promise.all([nodes.unbondingOf(self), chain.head()])
      if (amount === 0n)
        throw new InvalidError('wallet.nothing', 'nothing is on its way out of the stake', {
          help: 'Ask for stake back first: tilth wallet unstake AMOUNT'
        })
      // A chain without transactions makes no blocks, and its last one may be long ago: its next one tells.
      const here = BigInt(Math.floor(clock.now() / 1000))
      const now = timestamp > here ? timestamp : here
      if (now < availableAt)
        throw new InvalidError(
          'wallet.bonded',
          `${exactTokenText(amount)} tokens can be withdrawn in ${availableAt - now} s, not before`,
          {
            help: `Wait until ${new Date(Number(availableAt) * 1000).toISOString()}, then: tilth wallet withdraw`,
            details: { availableAt: String(availableAt) }
          }
        )
      return { ...(await nodes.withdraw()), amount }
    },
    async setPayout(payout) {
      requireSomebody(payout)
      return nodes.setPayout(payout)
    },
    fund: amounts =>
      fundFromFaucet({ rpcUrl, addresses: chain.addresses, chainId: chain.network.chainId }, self, amounts)
  }
}
