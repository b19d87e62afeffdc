import type { Command } from 'commander'
import { reasonInWords } from '../../../protocol/data/index.ts'
import type { ContributionView, WorthView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, showList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { green, red, safe, short, table, tokens, yellow } from '../output.ts'
import { findDatanet } from './find-datanet.ts'

/** What became of it; what was accepted and has left since is in no version from then on. */
function mark({ status, removed }: ContributionView): string {
  if (removed !== undefined) return yellow(removed === 'withdrawn' ? 'withdrawn' : 'taken down')
  return status === 'accepted'
    ? green(status)
    : status === 'rejected' || status === 'expired'
      ? red(status)
      : yellow(status)
}

/** A held-out value in 1e-6 as what it is of one right answer. */
const valueText = (value: string | null): string => (value === null ? 'not measured' : (Number(value) / 1e6).toFixed(4))

function worthText(all: readonly WorthView[]): string {
  if (all.length === 0) return 'nothing contributed yet'
  return all
    .map(({ account, accepted, own, versions, epochs, paid }) =>
      [
        `${account}  ${own} rows of ${accepted} accepted contributions, ${tokens(paid, 9)} tokens in all`,
        // Whoever has no row in it has no value that could be measured.
        ...versions
          .filter(({ value }) => value !== null || accepted > 0)
          .map(
            ({ version, name, value }) => `  version ${version} (${safe(name)})  held-out value ${valueText(value)}`
          ),
        ...epochs.map(
          ({ epoch, state, value, share }) =>
            `  epoch ${epoch} (${state})  held-out value ${valueText(value)}, paid ${tokens(share, 9)}`
        )
      ].join('\n')
    )
    .join('\n')
}

export function contributionsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'contributions',
        summary: 'contributions in order of authorship, with what the checks said',
        examples: [
          'tilth contributions --datanet elements',
          'tilth contributions --worth',
          'tilth contributions --json'
        ]
      })
    )
  )
    .option('--datanet <id>', 'id, prefix of one, or name')
    .option('--worth', 'what each contributor was worth: held-out values by version, pay by epoch')
    .action(
      guarded(async (flags: ListFlags & { datanet?: string; worth?: boolean }) => {
        if (flags.worth === true)
          return showList(
            flags,
            async (api, page) =>
              api.call('worth', { params: { id: (await findDatanet(api, flags.datanet)).id, ...page } }),
            worthText
          )
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
                    mark(item),
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
