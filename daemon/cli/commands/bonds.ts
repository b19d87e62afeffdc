import type { Command } from 'commander'
import type { BondView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { dim, green, red, short, table, tokens } from '../output.ts'

const when = (until: number): string => new Date(until).toISOString().replace(/\.\d+Z$/, 'Z')

/** Whether it comes back, and when. */
function stateText({ state, until }: BondView): string {
  if (state === 'returned') return green('given back')
  if (state === 'burnt') return red('burnt as spam')
  return until <= Date.now() ? 'can be had back' : `locked until ${when(until)}`
}
const spamText = ({ spam, total }: BondView): string => (spam === 0 ? '' : `${spam} of ${total === 0 ? '?' : total}`)

const bondText = (bond: BondView): string =>
  [
    `${bond.contribution}  ${tokens(bond.amount)} tokens of ${bond.contributor}`,
    stateText(bond),
    ...(bond.spam === 0 ? [] : [dim(`called spam by a weight of ${spamText(bond)}; over two thirds burn it`)])
  ].join('\n')

/** What is locked with contributions. */
export function bondsCommand(): Command {
  const parent = listing(
    connected(
      command({
        name: 'bonds',
        summary: 'what is locked with contributions, and when it comes back',
        examples: ['tilth bonds', 'tilth bonds --account 0x12…', 'tilth bonds back 0x12…']
      })
    )
  )
    .option('--account <address>', 'of an account; without it of this daemon and of what was brought to it')
    .action(
      guarded(async (flags: ListFlags & { account?: string }) => {
        await showList(
          flags,
          (api, page) =>
            api.call('bonds', {
              params: { ...page, ...(flags.account === undefined ? {} : { contributor: flags.account }) }
            }),
          all =>
            all.length === 0
              ? 'nothing is locked'
              : table(
                  ['contribution', 'contributor', 'tokens', 'state', 'called spam'],
                  all.map(bond => [
                    short(bond.contribution),
                    bond.contributor,
                    tokens(bond.amount),
                    stateText(bond),
                    spamText(bond)
                  ]),
                  [2]
                )
        )
      })
    )
  parent.addCommand(
    connected(
      command({
        name: 'back',
        summary: 'give a bond whose time is over back to its contributor; anyone may',
        examples: ['tilth bonds back 0x12…']
      })
    )
      .argument('<contribution>', 'id or beginning of one')
      .action(
        guarded(async (id: string, flags: CallFlags) => {
          await show(flags, api => api.call('giveBack', { params: { id } }), bondText)
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'spam',
        summary: 'call a contribution spam on chain (validator); over two thirds of its roster burn its bond',
        examples: ['tilth bonds spam 0x12… --as validator-1']
      })
    )
      .argument('<contribution>', 'id or beginning of one')
      .action(
        guarded(async (id: string, flags: CallFlags) => {
          await show(flags, api => api.call('callSpam', { params: { id } }), bondText)
        })
      )
  )
  return parent
}
