import type { Command } from 'commander'
import { slashReason, slashWords } from '../../api/contract/index.ts'
import type { SlashView } from '../../api/contract/index.ts'
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

function whatFor(slash: SlashView): string {
  const { contribution, pool, epoch, audit } = slash
  const reason = slashReason(slash)
  if (reason === undefined) return ''
  const { of, before, after } = slashWords[reason]
  const about = { contribution, audit, epoch: `epoch ${epoch} of ${pool}` }[of]
  return `${before} ${about}${after}`
}

export function slashesCommand(): Command {
  return listing(
    connected(
      command({
        name: 'slashes',
        summary: 'stakes that were taken, newest first: whose, how much, for what, by whom',
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
                  items.map(slash => [
                    slash.node,
                    red(tokens(slash.amount)),
                    slash.reporter === zeroAddress ? 'nobody' : slash.reporter,
                    tokens(slash.reward),
                    whatFor(slash),
                    slash.at === null ? `block ${slash.block}` : new Date(slash.at).toLocaleString(),
                    slash.transaction
                  ]),
                  [1, 3]
                )
        )
      })
    )
}
