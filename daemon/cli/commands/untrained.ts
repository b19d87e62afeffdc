import type { Command } from 'commander'
import type { UntrainedView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, showList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { short, table } from '../output.ts'

const text = (rows: readonly UntrainedView[]): string =>
  rows.length === 0
    ? 'every accepted row was trained on, as far as workers have delivered'
    : table(
        ['contribution', 'row', 'not trained on, because'],
        rows.map(({ contribution, row, reason }) => [short(contribution), String(row), reason]),
        [1]
      )

export function untrainedCommand(): Command {
  return listing(
    connected(
      command({
        name: 'untrained',
        summary: "accepted rows that a job's base could not learn, whose they are and why; rows count from 0",
        examples: ['tilth jobs untrained 0x12…', 'tilth jobs untrained 0x12… --json']
      })
    )
  )
    .argument('<job>', 'id or beginning of one')
    .action(
      guarded(async (id: string, flags: ListFlags) => {
        await showList(flags, (api, page) => api.call('untrained', { params: { id, ...page } }), text)
      })
    )
}
