import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import {
  createKeystore,
  keystoreAddress,
  openKeystore,
  openingPassphrase,
  parsePrivateKey,
  readPassphrase
} from '../../keys/index.ts'
import { command, guarded } from '../command.ts'
import { dataFolder } from '../context.ts'
import type { ConnectFlags } from '../context.ts'
import { printJson } from '../output.ts'
import { readText } from '../text-file.ts'

interface KeyFlags extends ConnectFlags {
  json?: boolean
  key?: string
  passphraseFile?: string
  import?: string
  output?: string
}

const keyPath = async (flags: KeyFlags): Promise<string> => flags.key ?? join(await dataFolder(flags), 'key.json')

export function keyCommand(): Command {
  const parent = command({
    name: 'key',
    summary: "make, show and back up this node's key (an encrypted keystore file)",
    examples: ['tilth key create', 'tilth key show --json', 'tilth key backup --output /safe/place/key.json']
  })
  const sub = (name: string, summary: string, examples: string[]): Command =>
    command({ name, summary, examples })
      .option('--data <dir>', 'the data folder')
      .option('--key <file>', 'the keystore file, if not in the data folder')

  parent.addCommand(
    sub('create', 'make a key; its passphrase comes from a prompt, --passphrase-file or TILTH_PASSPHRASE', [
      'tilth key create',
      'tilth key create --key alice.json --passphrase-file alice.txt'
    ])
      .option('--passphrase-file <file>', 'file with the passphrase')
      .option('--import <file>', 'take the private key (64 hexadecimal digits) from a file instead of making one')
      .action(
        guarded(async (flags: KeyFlags) => {
          const path = await keyPath(flags)
          const privateKey = flags.import === undefined ? undefined : parsePrivateKey(await readText(flags.import))
          const { address } = await createKeystore(
            path,
            await readPassphrase({ file: flags.passphraseFile, confirm: true }),
            privateKey === undefined ? {} : { privateKey }
          )
          if (flags.json === true) printJson({ address, path })
          else console.log(`${address}\nkept in ${path}; back it up, and keep the passphrase elsewhere`)
        })
      )
  )
  parent.addCommand(
    sub('show', "the key's address; the passphrase is asked for only where the file does not say it", [
      'tilth key show',
      'tilth key show --key ~/.foundry/keystores/deployer'
    ])
      .option('--passphrase-file <file>', 'file with the passphrase')
      .action(
        guarded(async (flags: KeyFlags) => {
          const path = await keyPath(flags)
          const address =
            (await keystoreAddress(path)) ??
            (await openKeystore(path, await openingPassphrase({ file: flags.passphraseFile }))).address
          if (flags.json === true) printJson({ address, path })
          else console.log(`${address}\n${path}`)
        })
      )
  )
  parent.addCommand(
    sub('backup', 'check that the passphrase opens the keystore, then copy it', [
      'tilth key backup --output /safe/place/key.json'
    ])
      .requiredOption('--output <file>', 'where to; never overwritten')
      .option('--passphrase-file <file>', 'file with the passphrase')
      .action(
        guarded(async (flags: KeyFlags) => {
          const path = await keyPath(flags)
          const output = flags.output ?? ''
          const { address } = await openKeystore(path, await openingPassphrase({ file: flags.passphraseFile }))
          try {
            // Its owner's alone, whatever the file was that it came from.
            await writeFile(output, await readFile(path), { flag: 'wx', mode: 0o600 })
          } catch (cause) {
            throw new InvalidError('key.backup', `the backup could not be written to ${output}`, {
              help: 'Choose a path in an existing folder where no file stands.',
              cause
            })
          }
          if (flags.json === true) printJson({ address, path: output })
          else console.log(`${address} backed up to ${output}; it opens with the same passphrase`)
        })
      )
  )
  return parent
}
