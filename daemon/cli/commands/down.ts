import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { command, guarded } from '../command.ts'
import { printJson } from '../output.ts'

/** As everywhere: what is named, else the local network of this folder, else the daemon of this account. */
const folderOf = (named: string | undefined): string =>
  named !== undefined ? resolve(named) : existsSync('.tilth') ? resolve('.tilth') : join(homedir(), '.tilth')

export function downCommand(): Command {
  return command({
    name: 'down',
    summary: 'end what runs in a folder: a local network, a daemon, a chain, or all in the folders in it',
    examples: ['tilth down', 'tilth down --data my-network', 'tilth down --data my-network/worker']
  })
    .option('--data <dir>', 'the folder (TILTH_DATA; default .tilth here, else ~/.tilth)')
    .action(
      guarded(async (flags: { data?: string; json?: boolean }) => {
        const { down } = await import('../../local/down.ts')
        const ended = await down(folderOf(flags.data ?? process.env['TILTH_DATA']))
        if (flags.json === true) printJson({ ended })
        else for (const { what, pid, folder } of ended) console.log(`ended the ${what} of ${folder} (process ${pid})`)
      })
    )
}
