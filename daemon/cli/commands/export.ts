import { createWriteStream, existsSync, readdirSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Option, type Command } from 'commander'
import { llamaFactoryInfo } from '../../../node/data/export/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { requireFree, requireFreeFile } from '../free.ts'
import type { ApiClient, DatanetView } from '../../api/contract/index.ts'
import { command, connected, guarded } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect } from '../context.ts'
import { printJson, progress, safe } from '../output.ts'
import { folderFor, unwritten } from '../written.ts'
import { findDatanet } from './find-datanet.ts'

const formats = ['jsonl', 'parquet', 'huggingface', 'car'] as const
type Format = (typeof formats)[number]

interface ExportFlags extends CallFlags {
  format: Format
  out?: string
  version?: string
  force?: boolean
}

/** Of a data set in Hugging Face's layout: what `datasets` and LLaMA-Factory look for. */
const trainFile = join('data', 'train-00000-of-00001.parquet')

/** Downloads one file; a part of it never stands under its name. @returns its bytes */
async function save(
  api: ApiClient,
  id: string,
  format: 'jsonl' | 'parquet' | 'card' | 'car',
  version: number | undefined,
  path: string
): Promise<number> {
  const part = `${path}.part`
  const show = progress(`writing ${path}`)
  let bytes = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    const params = { id, format, ...(version === undefined ? {} : { version }) }
    for await (const piece of api.download('exportRows', { params })) {
      bytes += piece.length
      show.so(`${(bytes / 2 ** 20).toFixed(1)} MiB`)
      yield piece
    }
  }
  try {
    await pipeline(Readable.from(counted(), { objectMode: false }), createWriteStream(part))
    await rename(part, path)
    return bytes
  } catch (cause) {
    await rm(part, { force: true })
    throw unwritten(cause, path)
  } finally {
    show.end()
  }
}

const numberOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new InvalidError('flag.number', `--version takes a whole number, not ${text}`)
}

/** Writes what was asked for. @returns paths and sizes of the files */
async function write(
  api: ApiClient,
  { id, name }: DatanetView,
  format: Format,
  version: number | undefined,
  out: string
): Promise<{ path: string; bytes: number }[]> {
  if (format !== 'huggingface') {
    await folderFor(out, '--out')
    return [{ path: out, bytes: await save(api, id, format, version, out) }]
  }
  const stood = existsSync(out) ? readdirSync(out) : undefined
  try {
    return await writeFolder(api, { id, name }, version, out)
  } catch (error) {
    // What stands there half would be in the way of the next try.
    if (stood === undefined) await rm(out, { recursive: true, force: true })
    else if (stood.length === 0)
      for (const part of readdirSync(out)) await rm(join(out, part), { recursive: true, force: true })
    throw error
  }
}

/** A data set in Hugging Face's layout. */
async function writeFolder(
  api: ApiClient,
  { id, name }: Pick<DatanetView, 'id' | 'name'>,
  version: number | undefined,
  out: string
): Promise<{ path: string; bytes: number }[]> {
  await folderFor(join(out, trainFile), '--out')
  const files: { path: string; bytes: number }[] = []
  for (const [file, kind] of [
    [trainFile, 'parquet'],
    ['README.md', 'card']
  ] as const)
    files.push({ path: join(out, file), bytes: await save(api, id, kind, version, join(out, file)) })
  const info = llamaFactoryInfo(name)
  await writeFile(join(out, 'dataset_info.json'), info)
  return [...files, { path: join(out, 'dataset_info.json'), bytes: Buffer.byteLength(info) }]
}

export function exportCommand(): Command {
  return connected(
    command({
      name: 'export',
      summary: 'write the accepted rows of a Datanet to files that other tools read, or a version of it to a CAR',
      examples: [
        'tilth datanet export elements --format jsonl --out elements.jsonl',
        'tilth datanet export elements --format huggingface --out elements-dataset',
        'tilth datanet export elements --format car --version 2'
      ]
    })
  )
    .argument('[datanet]', 'id, prefix of one, or name')
    .addOption(
      new Option(
        '--format <format>',
        'huggingface: a folder with Parquet, a card (README.md) and what LLaMA-Factory needs; car: a version ' +
          'with its shards, as IPFS tools read it'
      )
        .choices([...formats])
        .default('jsonl')
    )
    .option('--out <path>', 'file, or folder, to write; by default named after the Datanet')
    .option('--version <n>', 'an anchored version, the latest unless given; 0 for all accepted so far')
    .option('--force', 'write over what stands there')
    .action(
      guarded(async (wanted: string | undefined, flags: ExportFlags) => {
        const api = await connect(flags)
        const net = await findDatanet(api, wanted)
        const { format } = flags
        const called = net.name.replaceAll(/[^\p{L}\p{N}.-]+/gu, '-').replaceAll(/^[.-]+|-+$/g, '') || 'datanet'
        const out = flags.out ?? (format === 'huggingface' ? called : `${called}.${format}`)
        const require = format === 'huggingface' ? requireFree : requireFreeFile
        require(out, { flag: '--out', force: flags.force })
        const files = await write(api, net, format, numberOf(flags.version), out)
        if (flags.json === true) return printJson({ datanet: net.id, format, files })
        for (const { path, bytes } of files) console.log(`${safe(path)}  ${(bytes / 1024).toFixed(1)} KiB`)
      })
    )
}
