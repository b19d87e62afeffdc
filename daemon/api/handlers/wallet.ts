import type { Node } from '../../../node/node.ts'
import type { Spending } from '../../spending/index.ts'
import type { Handlers } from '../server/index.ts'

type Names = 'wallet' | 'send' | 'stake' | 'unstake' | 'withdrawStake' | 'setPayout' | 'fund'

const milliseconds = (chainSeconds: bigint): number => Number(chainSeconds) * 1000

export function walletHandlers(
  { self, account, chain }: Pick<Node, 'self' | 'account' | 'chain'>,
  spending: Pick<Spending, 'paying'>
): Pick<Handlers, Names> {
  const { nodes, tokens } = chain
  return {
    async wallet() {
      const { account: address, payout, transactions, availableAt, ...amounts } = await account.wallet()
      return {
        account: address,
        payout,
        transactions,
        availableAt: availableAt === 0n ? null : milliseconds(availableAt),
        payoutBalance: amounts.payoutBalance.toString(),
        balance: amounts.balance.toString(),
        gas: amounts.gas.toString(),
        stake: amounts.stake.toString(),
        locked: amounts.locked.toString(),
        unbonding: amounts.unbonding.toString(),
        minStake: amounts.minStake.toString(),
        inChannels: amounts.inChannels.toString(),
        promised: amounts.promised.toString(),
        putDown: amounts.putDown.toString(),
        owed: amounts.owed.toString(),
        claimable: amounts.claimable.toString(),
        escrowed: amounts.escrowed.toString(),
        expected: amounts.expected.toString()
      }
    },
    async send({ body, key }) {
      const amount = BigInt(body.amount)
      // Coin counts against the same budget, unit by unit.
      const { transaction } = await spending.paying(key, amount, () =>
        account.send(body.to, amount, { coin: body.coin })
      )
      return { transaction }
    },
    async stake({ body, key }) {
      const amount = BigInt(body.amount)
      const { transaction } = await spending.paying(key, amount, () => account.stake(amount))
      return { transaction, stake: (await nodes.stakeOf(self)).toString() }
    },
    async unstake({ body }) {
      const { transaction } = await account.unstake(BigInt(body.amount))
      const [stake, { amount, availableAt }] = await Promise.all([nodes.stakeOf(self), nodes.unbondingOf(self)])
      return {
        transaction,
        stake: stake.toString(),
        unbonding: amount.toString(),
        availableAt: milliseconds(availableAt)
      }
    },
    async withdrawStake() {
      const { transaction, amount } = await account.withdraw()
      return { transaction, amount: amount.toString() }
    },
    async setPayout({ body }) {
      const { transaction } = await account.setPayout(body.payout)
      return { transaction, payout: body.payout }
    },
    async fund({ body }) {
      const { transactions } = await account.fund({ tokens: BigInt(body.tokens), coin: BigInt(body.coin) })
      const [balance, gas] = await Promise.all([tokens.balanceOf(self), tokens.gasOf(self)])
      return { transactions: [...transactions], balance: balance.toString(), gas: gas.toString() }
    }
  }
}
