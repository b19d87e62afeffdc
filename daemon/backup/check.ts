import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { storeFormat } from '../../node/store/format.ts'
import { InvalidError, NotFoundError, readAs } from '../../protocol/primitives/index.ts'
import { backupFormat, manifest, manifestJson, manifestPath, mostManifestBytes } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { damaged, readTar } from './tar.ts'
import type { Member } from './tar.ts'

async function manifestOf({ bytes, size }: Member): Promise<Manifest> {
  if (size > mostManifestBytes) throw damaged('what it says of itself is too long')
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(piece)
  // [reject] It says of itself what it said when it was written.
  const json = manifestJson(Buffer.concat(pieces).toString('utf8'))
  if (json === undefined) throw damaged('what it says of itself was changed')
  const value: unknown = JSON.parse(json)
  // [reject] A newer program's copy may hold what this one would leave out in silence.
  const { format, store } = value as { format?: unknown; store?: unknown }
  for (const [found, own] of [
    [format, backupFormat],
    [store, storeFormat]
  ] as const)
    if (typeof found === 'number' && found > own)
      throw new InvalidError(
        'backup.version',
        `this copy has format ${found}, and this version of tilth reads ${own}`,
        { help: 'Restore it by the version that wrote it.' }
      )
  return readAs(manifest, value, 'backup.damaged')
}

/**
 * Reads an archive to its end, gives each file on, and checks all of them against what the archive says of itself.
 * @param take is given every file but that; where it reads nothing, the check reads it
 * @throws InvalidError `backup.damaged`, `backup.version`, and what `take` throws
 */
export async function readArchive(
  path: string,
  take: (path: string, bytes: AsyncIterable<Uint8Array>) => Promise<void>,
  onBytes: (bytes: number) => void = () => undefined
): Promise<Manifest> {
  const none = (what: string, cause?: unknown): NotFoundError =>
    new NotFoundError('backup.none', what, { help: 'Name one that `tilth backup` wrote.', cause })
  const there = await stat(path).catch((cause: unknown) => {
    throw none(`there is no copy at ${path}`, cause)
  })
  // [reject] A copy is one file.
  if (there.isDirectory()) throw none(`${path} is a folder, no copy`)
  const found = new Map<string, { size: number; sha256: string }>()
  let said: Manifest | undefined
  for await (const member of readTar(createReadStream(path))) {
    // [reject] What an archive says of itself is its end: nothing may follow.
    if (said !== undefined) throw damaged('something follows its end')
    if (member.path === manifestPath) {
      said = await manifestOf(member)
      continue
    }
    // [reject] No file stands in it twice.
    if (found.has(member.path)) throw damaged(`${member.path} is in it twice`)
    const hash = createHash('sha256')
    async function* hashed(): AsyncGenerator<Uint8Array> {
      for await (const piece of member.bytes) {
        hash.update(piece)
        onBytes(piece.length)
        yield piece
      }
    }
    await take(member.path, hashed())
    found.set(member.path, { size: member.size, sha256: hash.digest('hex') })
  }
  if (said === undefined) throw damaged('it is cut off before its end')
  // [reject] Every file is there, and is what it was.
  for (const { path: name, size, sha256 } of said.files) {
    const one = found.get(name)
    if (one === undefined) throw damaged(`${name} is missing`)
    if (one.size !== size || one.sha256 !== sha256) throw damaged(`${name} was changed`)
  }
  if (found.size !== said.files.length) throw damaged('it holds files that it does not speak of')
  return said
}

/** Reads all of it, keeps nothing. @returns what it says of itself */
export const checkArchive = (path: string, onBytes?: (bytes: number) => void): Promise<Manifest> =>
  readArchive(
    path,
    async (_path, bytes) => {
      for await (const _ of bytes) {
        /* reading it is the check */
      }
    },
    onBytes
  )
