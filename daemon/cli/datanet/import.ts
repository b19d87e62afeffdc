import type { Command } from 'commander'
import type { Bound } from '../../bounded-file.ts'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { findDatanet } from '../commands/find-datanet.ts'
import { namedBytes } from '../text-file.ts'

/** What goes to the daemon in one request. */
const car: Bound = { bytes: 64 << 20, isNot: 'no CAR that can be read at once' }

export function importCommand(): Command {
  return connected(
    command({
      name: 'import',
      summary:
        'read a version from a CAR, check it against the chain, and keep its files for others until it is unfollowed',
      examples: ['tilth datanet import elements elements.car']
    })
  )
    .argument('<datanet>', 'id, prefix of one, or name')
    .argument('<file>', 'a CAR, as `tilth datanet export --format car` writes it')
    .action(
      guarded(async (wanted: string, file: string, flags: CallFlags) => {
        const body = { car: (await namedBytes(file, car)).toString('base64') }
        await show(
          flags,
          async api => {
            const { id } = await findDatanet(api, wanted)
            return api.call('importVersion', { params: { id }, body })
          },
          ({ version, files, bytes }) => `version ${version}: ${files} files of ${bytes} bytes are kept here`
        )
      })
    )
}
