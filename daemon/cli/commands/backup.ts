import { createWriteStream, rmSync } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { halfOf, removeLeftHalves } from '../../half-done.ts'
import { requireFreeFile } from '../free.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { checkArchive, restoreFolder } from '../../backup/index.ts'
import { command, connected, guarded } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect } from '../context.ts'
import { dim, printJson, progress, safe, tell } from '../output.ts'
import { folderFor, unwritten } from '../written.ts'

interface BackupFlags extends CallFlags {
  output?: string
  references?: boolean
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** Downloads the copy to a file that only its owner reads. */
async function save(api: ApiClient, whole: boolean, path: string, onBytes: (bytes: number) => void): Promise<void> {
  let bytes = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of api.download('backup', { params: { whole: whole ? 'true' : 'false' } })) {
      bytes += piece.length
      onBytes(bytes)
      yield piece
    }
  }
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  await pipeline(Readable.from(counted(), { objectMode: false }), file)
}

/** Ctrl-C, or a terminal that is closed, leaves no half of a copy behind. */
function leavingNothing(half: string): { off(): void } {
  const leave = (signal: NodeJS.Signals): void => {
    rmSync(half, { recursive: true, force: true })
    process.exit(128 + constants.signals[signal])
  }
  process.once('SIGINT', leave).once('SIGTERM', leave).once('SIGHUP', leave)
  return { off: () => void process.off('SIGINT', leave).off('SIGTERM', leave).off('SIGHUP', leave) }
}

/** What a try left that was killed is in nobody's way but for its size. */
async function tellRemoved(of: Promise<readonly string[]>): Promise<void> {
  for (const half of await of) tell(dim(`removed ${safe(half)}, which a try had left that was killed`))
}

export function backupCommand(): Command {
  return connected(
    command({
      name: 'backup',
      summary:
        'copy a running daemon: its database, encrypted key and settings, blocks and models; the copy is checked',
      examples: ['tilth backup --output node.tar', 'tilth backup --output small.tar --references']
    })
  )
    .requiredOption('--output <file>', 'where to; never overwritten, readable by its owner only')
    .option('--references', 'without blocks and models: they are fetched from peers again, as far as those have them')
    .action(
      guarded(async (flags: BackupFlags) => {
        const output = resolve(flags.output ?? '')
        requireFreeFile(output, { flag: '--output', force: null })
        const api = await connect(flags)
        await folderFor(output, '--output')
        // Of this run alone: another copy to the same place is not in its way.
        const part = halfOf(output, 'part')
        const show = progress('copying')
        const interrupted = leavingNothing(part)
        try {
          await tellRemoved(removeLeftHalves(output, 'part'))
          await save(api, flags.references !== true, part, bytes => {
            show.so(mib(bytes))
          })
          let bytes = 0
          const { address, files, madeAt, whole } = await checkArchive(part, more => (bytes += more))
          requireFreeFile(output, { flag: '--output', force: null })
          await rename(part, output)
          if (flags.json === true) printJson({ address, path: output, files: files.length, bytes, madeAt, whole })
          else
            console.log(
              `${address}: ${files.length} files, ${mib(bytes)}, checked, in ${safe(output)}\n` +
                'The key in it is encrypted by its passphrase, which is not in it. Back to a folder: `tilth restore`.'
            )
        } catch (error) {
          await rm(part, { force: true })
          throw unwritten(error, output)
        } finally {
          interrupted.off()
          show.end()
        }
      })
    )
}

/** What a database says of its own folder is told of the one that was to be; nothing of that is left. */
async function unrestored(error: unknown, folder: string, copy: string): Promise<unknown> {
  const isStore = error instanceof TilthError && (error.code === 'store.disk-full' || error.code === 'store.failed')
  const { size } = await stat(copy).catch(() => ({ size: 0 }))
  const told = unwritten(
    isStore ? error.cause : error,
    folder,
    `The copy has ${mib(size)}, and its database is made beside that. Nothing was changed.`
  )
  return told instanceof TilthError ? told : error
}

interface RestoreFlags {
  json?: boolean
  data: string
}

export function restoreCommand(): Command {
  return command({
    name: 'restore',
    summary: 'make a data folder of a copy that `tilth backup` wrote, checked before it stands there',
    examples: ['tilth restore node.tar --data node', 'tilth daemon --data node --passphrase-file passphrase']
  })
    .argument('<file>', 'the copy')
    .requiredOption('--data <dir>', 'the new data folder; one that is not empty is left alone')
    .action(
      guarded(async (file: string, flags: RestoreFlags) => {
        // All that is written is its owner's alone, what the database writes too.
        process.umask(0o077)
        const show = progress('restoring')
        const folder = resolve(flags.data)
        const aside = halfOf(folder, 'restoring')
        const interrupted = leavingNothing(aside)
        try {
          await tellRemoved(removeLeftHalves(folder, 'restoring'))
          const told = (text: string): void => {
            show.so(text)
          }
          const { manifest, entries, findings } = await restoreFolder(file, folder, told, aside)
          const { address, madeAt, whole } = manifest
          if (flags.json === true) return printJson({ address, folder: flags.data, madeAt, whole, entries, findings })
          show.end()
          for (const { part, checked, damaged, note } of findings)
            console.log(
              [
                `${part.padEnd(10)} ${checked} checked, ${damaged.length} set aside`,
                ...(note === undefined ? [] : [note])
              ].join('; ')
            )
          console.log(
            `${address} as of ${new Date(madeAt).toISOString()} stands in ${safe(flags.data)}\n` +
              'Never run it beside the one that was copied: two with one key sign against each other.'
          )
        } catch (error) {
          throw await unrestored(error, folder, file)
        } finally {
          interrupted.off()
          show.end()
        }
      })
    )
}
