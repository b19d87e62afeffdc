import type { Command } from 'commander'
import { reasonInWords } from '../../../protocol/data/index.ts'
import type { ContributionView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, showList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { green, red, short, table, yellow } from '../output.ts'
import { findDatanet } from './data.ts'

const mark = (status: ContributionView['status']): string =>
  status === 'accepted' ? green(status) : status === 'rejected' || status === 'expired' ? red(status) : yellow(status)

export function contributionsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'contributions',
        summary: 'contributions in order of authorship, with what the checks said',
        examples: ['tilth contributions --datanet elements', 'tilth contributions --json']
      })
    )
  )
    .option('--datanet <id>', 'id, prefix of one, or name')
    .action(
      guarded(async (flags: ListFlags & { datanet?: string }) => {
        await showList(
          flags,
          async (api, page) =>
            api.call('contributions', { params: { id: (await findDatanet(api, flags.datanet)).id, ...page } }),
          all =>
            all.length === 0
              ? 'nothing contributed yet'
              : table(
                  ['#', 'id', 'contributor', 'rows', 'own', 'status', 'reason'],
                  all.map(item => [
                    String(item.index ?? ''),
                    short(item.id),
                    item.contributor, // whole: earnings and claims ask for it
                    String(item.rows),
                    String(item.own),
                    mark(item.status),
                    [
                      item.reason === undefined ? '' : reasonInWords(item.reason),
                      ...item.rowIssues.slice(0, 3).map(({ line, code }) => `line ${line}: ${code}`)
                    ]
                      .filter(Boolean)
                      .join('; ')
                  ]),
                  [0, 3, 4]
                )
        )
      })
    )
}
