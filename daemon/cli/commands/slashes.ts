import type { Command } from 'commander'
import { InvalidError, writtenAccount, zeroAddress } from '../../../protocol/primitives/index.ts'
import { command, connected, guarded, listing, showList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { findAccount } from '../find-account.ts'
import { red, table, tokens } from '../output.ts'

/** [reject] An account, as it stands on chain. @throws InvalidError `account.text` */
function accountTyped(text: string): string {
  const parsed = writtenAccount.safeParse(text)
  if (!parsed.success)
    throw new InvalidError('account.text', `"${text.slice(0, 80)}" is no account`, {
      help: 'An account is 0x and 40 hexadecimal digits; `tilth datanet roster <datanet>` lists those of validators.'
    })
  return parsed.data
}

const becauseText = { 'two-votes': 'two votes on', 'absent-juror': 'no vote on the jury of' } as const

export function slashesCommand(): Command {
  return listing(
    connected(
      command({
        name: 'slashes',
        summary: 'stakes that were taken, newest first: whose, how much, for which contribution, by whom',
        examples: ['tilth slashes', 'tilth slashes 0x70997970c51812dc3a010c7d01b50e0d17dc79c8 --json']
      })
    )
  )
    .argument('[account]', 'of this node alone')
    .action(
      guarded(async (account: string | undefined, flags: ListFlags) => {
        await showList(
          flags,
          async (api, page) => {
            const of = account === undefined ? {} : { node: accountTyped(await findAccount(api, account)) }
            return api.call('slashes', { params: { ...page, ...of } })
          },
          items =>
            items.length === 0
              ? 'no stake was taken'
              : table(
                  ['node', 'lost', 'shown by', 'reward', 'for', 'when', 'transaction'],
                  items.map(({ node, amount, reporter, reward, contribution, because, at, block, transaction }) => [
                    node,
                    red(tokens(amount)),
                    reporter === zeroAddress ? 'nobody' : reporter,
                    tokens(reward),
                    contribution === null ? '' : `${becauseText[because ?? 'two-votes']} ${contribution}`,
                    at === null ? `block ${block}` : new Date(at).toLocaleString(),
                    transaction
                  ]),
                  [1, 3]
                )
        )
      })
    )
}
