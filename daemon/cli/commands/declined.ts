import type { Command } from 'commander'
import type { WhyView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, showOneOrList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { dim, duration, safe, yellow } from '../output.ts'

const whyText = ({ job, reason, help, again }: WhyView): string =>
  [
    `${dim(job)}  ${safe(reason)}`,
    ...(help === '' ? [] : [`  ${yellow(safe(help))}`]),
    ...(again === null
      ? []
      : [`  it is looked at again in ${duration(Math.max(0, Math.round((again - Date.now()) / 1000)))}`])
  ].join('\n')

export function jobsWhyCommand(): Command {
  return listing(
    connected(
      command({
        name: 'why',
        summary: 'why this worker did not bid for jobs, the newest first, and what to do about it',
        examples: ['tilth jobs why --as worker-1', 'tilth jobs why 0x12ab… --json']
      })
    )
  )
    .argument('[job]', 'one of them: id or beginning of one')
    .action(
      guarded(async (wanted: string | undefined, flags: ListFlags) => {
        await showOneOrList(
          flags,
          wanted,
          {
            one: (api, id) => api.call('why', { params: { id } }),
            page: (api, params) => api.call('declined', { params })
          },
          items =>
            items.length === 0
              ? 'no job was declined lately: `tilth jobs` lists them all'
              : items.map(whyText).join('\n')
        )
      })
    )
}
