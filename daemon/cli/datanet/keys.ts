import type { Command } from 'commander'
import type { KeysGivenView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, showList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { findDatanet } from '../commands/find-datanet.ts'
import { short, table } from '../output.ts'

const byWhat = ({ by, ground, version }: KeysGivenView): string =>
  by === 'award'
    ? `award ${short(ground ?? '')} for version ${version ?? '?'}`
    : by === 'seat'
      ? 'sits there'
      : 'wrote it'

export function keysCommand(): Command {
  return listing(
    connected(
      command({
        name: 'keys',
        summary: 'to whom this daemon gave keys to rows of a private Datanet, and why; the last ones first',
        examples: ['tilth datanet keys letters', 'tilth datanet keys letters --json']
      })
    )
  )
    .argument('[datanet]', 'id, prefix of one, or name')
    .action(
      guarded(async (wanted: string | undefined, flags: ListFlags) => {
        await showList(
          flags,
          async (api, params) =>
            api.call('keysGiven', { params: { id: (await findDatanet(api, wanted)).id, ...params } }),
          given =>
            given.length === 0
              ? 'nobody was given keys by this daemon'
              : table(
                  ['account', 'because of', 'keys', 'last'],
                  given.map(one => [one.asker, byWhat(one), String(one.keys), new Date(one.last).toISOString()]),
                  [2]
                )
        )
      })
    )
}
