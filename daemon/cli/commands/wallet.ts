import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { ApiClient, WalletView } from '../../api/contract/index.ts'
import { command, connected, guarded, show, tokenAmount } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { tokens, yellow } from '../output.ts'
import { gasAdvice } from '../money.ts'

const sub = (name: string, summary: string, examples: string[]): Command =>
  connected(command({ name, summary, examples }))

const row = (label: string, text: string, advice?: string): string =>
  `${label.padEnd(12)}${text}${advice === undefined ? '' : `\n            ${yellow(advice)}`}`

const when = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19)

function balanceText(wallet: WalletView): string {
  const zero = (amount: string): boolean => BigInt(amount) === 0n
  return [
    row('account', wallet.account),
    row('balance', `${tokens(wallet.balance)} tokens`),
    row(
      'gas',
      `${tokens(wallet.gas)} coin, about ${wallet.transactions} transactions`,
      gasAdvice({ ...wallet, address: wallet.account })
    ),
    row('stake', `${tokens(wallet.stake)} tokens (settlers and scorers need ${tokens(wallet.minStake)})`),
    ...(zero(wallet.locked)
      ? []
      : [row('', `${tokens(wallet.locked)} of them are locked by seats and by what it stands for`)]),
    ...(wallet.availableAt === null
      ? []
      : [
          row(
            'unstaked',
            `${tokens(wallet.unbonding)} tokens, to be withdrawn from ${when(wallet.availableAt)} UTC`,
            'Then: tilth wallet withdraw'
          )
        ]),
    row(
      'in channels',
      `${tokens(wallet.inChannels)} tokens, of all deposits ${tokens(wallet.promised)} promised`,
      zero(wallet.inChannels) ? undefined : '`tilth channel list` shows where, and when the rest comes back.'
    ),
    ...(zero(wallet.putDown)
      ? []
      : [
          row(
            'put down',
            `${tokens(wallet.putDown)} tokens with challenges and contributions`,
            'It comes back as `tilth challenge` and `tilth bonds` say.'
          )
        ]),
    ...(zero(wallet.escrowed) && zero(wallet.expected)
      ? []
      : [
          row(
            'in escrow',
            `${tokens(wallet.escrowed)} tokens for others' training, ${tokens(wallet.expected)} for its own work`,
            'It is paid when a job ends, or comes back after its deadline; see `tilth jobs`.'
          )
        ]),
    row(
      'to claim',
      `${tokens(wallet.owed)} tokens in vouchers, ${tokens(wallet.claimable)} from data`,
      zero(wallet.owed) && zero(wallet.claimable) ? undefined : '`tilth claim` brings it.'
    ),
    row(
      'paid to',
      wallet.payout === wallet.account
        ? 'the account itself'
        : `${wallet.payout}, which holds ${tokens(wallet.payoutBalance)} tokens`
    )
  ].join('\n')
}

/** An amount, or everything: `all`. */
const amountOf = async (api: ApiClient, text: string, all: (wallet: WalletView) => string): Promise<string> => {
  const amount = text === 'all' ? BigInt(all(await api.call('wallet'))) : tokenAmount(text, 'the amount')
  if (amount === 0n)
    throw new InvalidError(
      'flag-invalid',
      text === 'all' ? 'there is nothing' : 'the amount must be more than nothing',
      {
        help: 'See `tilth wallet balance`.'
      }
    )
  return amount.toString()
}

interface FundFlags extends CallFlags {
  local?: boolean
  tokens: string
  coin: string
}

export function walletCommand(): Command {
  const parent = command({
    name: 'wallet',
    summary: "this daemon's money: balance, stake, what is in channels, sending",
    examples: [
      'tilth wallet balance',
      'tilth wallet send 0xabc… 2.5',
      'tilth wallet stake 100',
      'tilth wallet fund --local'
    ]
  })
  parent.addCommand(
    sub('balance', 'what the account holds, has at stake, in channels and to claim', [
      'tilth wallet balance',
      'tilth wallet balance --as worker-1 --json'
    ]).action(
      guarded(async (flags: CallFlags) => {
        await show(flags, api => api.call('wallet'), balanceText)
      })
    )
  )
  parent.addCommand(
    sub('send', "send tokens to an address, or with --coin the chain's own coin, which pays for gas", [
      'tilth wallet send 0xabc… 2.5',
      'tilth wallet send 0xabc… 0.1 --coin'
    ])
      .argument('<address>', 'who gets it')
      .argument('<amount>', 'in whole tokens, such as 2.5; all for everything')
      .option('--coin', "send the chain's own coin instead of tokens")
      .action(
        guarded(async (to: string, amount: string, flags: CallFlags & { coin?: boolean }) => {
          const coin = flags.coin === true
          if (coin && amount === 'all')
            throw new InvalidError('flag-invalid', 'all the coin cannot be sent: sending it costs some', {
              help: 'Say how much: tilth wallet send ADDRESS AMOUNT --coin'
            })
          await show(
            flags,
            async api => {
              const smallest = await amountOf(api, amount, ({ balance }) => balance)
              const sent = await api.call('send', { body: { to, amount: smallest, coin } })
              return { ...sent, to, amount: smallest, coin }
            },
            sent => `sent ${tokens(sent.amount)} ${coin ? 'coin' : 'tokens'} to ${to}\ntransaction ${sent.transaction}`
          )
        })
      )
  )
  parent.addCommand(
    sub('stake', 'put tokens at stake: validators, settlers and scorers need some', [
      'tilth wallet stake 100',
      'tilth wallet stake 100 --as validator-1'
    ])
      .argument('<amount>', 'in whole tokens; all for everything')
      .action(
        guarded(async (amount: string, flags: CallFlags) => {
          await show(
            flags,
            async api => api.call('stake', { body: { amount: await amountOf(api, amount, ({ balance }) => balance) } }),
            ({ stake, transaction }) => `${tokens(stake)} tokens are at stake now\ntransaction ${transaction}`
          )
        })
      )
  )
  parent.addCommand(
    sub('unstake', 'ask for stake back; after a delay `tilth wallet withdraw` brings it', [
      'tilth wallet unstake 50',
      'tilth wallet unstake all'
    ])
      .argument('<amount>', 'in whole tokens; all for everything')
      .action(
        guarded(async (amount: string, flags: CallFlags) => {
          await show(
            flags,
            async api => api.call('unstake', { body: { amount: await amountOf(api, amount, ({ stake }) => stake) } }),
            ({ stake, unbonding, availableAt, transaction }) =>
              [
                `${tokens(unbonding)} tokens are on their way out, ${tokens(stake)} stay at stake`,
                `from ${when(availableAt)} UTC on: tilth wallet withdraw`,
                `transaction ${transaction}`
              ].join('\n')
          )
        })
      )
  )
  parent.addCommand(
    sub('withdraw', 'take what has come out of the stake', ['tilth wallet withdraw']).action(
      guarded(async (flags: CallFlags) => {
        await show(
          flags,
          api => api.call('withdrawStake'),
          ({ amount, transaction }) => `${tokens(amount)} tokens withdrawn\ntransaction ${transaction}`
        )
      })
    )
  )
  parent.addCommand(
    sub('payout', 'show the address that earnings are paid to, or choose another', [
      'tilth wallet payout',
      'tilth wallet payout 0xabc…'
    ])
      .argument('[address]', 'where earnings go from now on')
      .action(
        guarded(async (payout: string | undefined, flags: CallFlags) => {
          await show(
            flags,
            async api =>
              payout === undefined
                ? { payout: (await api.call('wallet')).payout }
                : api.call('setPayout', { body: { payout } }),
            shown =>
              `earnings go to ${shown.payout}${'transaction' in shown ? `\ntransaction ${shown.transaction}` : ''}`
          )
        })
      )
  )
  parent.addCommand(
    sub('fund', 'on a local network: take tokens and coin from its purse', [
      'tilth wallet fund --local',
      'tilth wallet fund --local --tokens 500 --coin 1 --as worker-1'
    ])
      .option('--local', 'said by hand, because nothing on such a network is worth anything')
      .option('--tokens <amount>', 'how many tokens', '1000')
      .option('--coin <amount>', "how much of the chain's coin, for gas", '10')
      .action(
        guarded(async (flags: FundFlags) => {
          if (flags.local !== true)
            throw new InvalidError('wallet.local', 'only a local network gives tokens away', {
              help: 'There: tilth wallet fund --local. Elsewhere somebody sends them: tilth wallet send ADDRESS AMOUNT'
            })
          const body = {
            tokens: tokenAmount(flags.tokens, '--tokens').toString(),
            coin: tokenAmount(flags.coin, '--coin').toString()
          }
          await show(
            flags,
            api => api.call('fund', { body }),
            ({ balance, gas }) => `the account holds ${tokens(balance)} tokens and ${tokens(gas)} coin now`
          )
        })
      )
  )
  return parent
}
