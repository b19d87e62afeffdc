import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { InvalidError, LimitError } from '../../../protocol/primitives/index.ts'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { findDatanet } from '../commands/find-datanet.ts'

/** What goes to the daemon in one request. */
const mostBytes = 64 << 20

async function readCar(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > mostBytes)
      throw new LimitError('file.too-large', `${path} has ${size} bytes; a CAR of up to ${mostBytes} can be read`)
    return (await readFile(path)).toString('base64')
  } catch (cause) {
    if (cause instanceof LimitError) throw cause
    throw new InvalidError('file.read', `${path} cannot be read`, {
      help: 'Check the path and its permissions.',
      cause
    })
  }
}

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
        const car = await readCar(file)
        await show(
          flags,
          async api => {
            const { id } = await findDatanet(api, wanted)
            return api.call('importVersion', { params: { id }, body: { car } })
          },
          ({ version, files, bytes }) => `version ${version}: ${files} files of ${bytes} bytes are kept here`
        )
      })
    )
}
