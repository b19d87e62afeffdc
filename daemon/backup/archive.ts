import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackupPart } from '../../node/backup/index.ts'
import { storeFormat } from '../../node/store/format.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { readIfThere } from '../private-file.ts'
import { backupFormat, manifestPath, manifestText } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { writeTar } from './tar.ts'
import type { Member } from './tar.ts'

/** What a copy is made of, beside what the node itself keeps. */
export interface Kept {
  readonly directory: string
  /** The encrypted keystore, wherever it stands. */
  readonly key: string
  /** Settings as the daemon runs by them, from file, flags and environment. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly address: Address
  readonly version: string
}

const textPart = (path: string, text: string): BackupPart => {
  const bytes = Buffer.from(text)
  return { path, size: bytes.length, bytes: [bytes] }
}

/** Where folder and key stand is another matter where it is restored; who else is of a local network as well. */
function settingsText(settings: Kept['settings']): string {
  const { data: _, key: __, localNetwork: ___, ...rest } = settings
  const plain = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
  return `${JSON.stringify(rest, plain, 2)}\n`
}

/**
 * The daemon's own files. The keystore stays as it is encrypted; the API's token, sessions and passphrases are in no
 * copy: whoever restores one gets new ones.
 */
async function* ownParts({ directory, key, settings }: Kept): AsyncGenerator<BackupPart> {
  yield textPart('key.json', await readFile(key, 'utf8'))
  yield textPart('config.json', settingsText(settings))
  for (const name of ['api-keys.json', 'pins.json'] as const) {
    const text = await readIfThere(join(directory, name))
    if (text !== undefined) yield textPart(name, text)
  }
}

/** A whole archive, whose last file says what is in it: one that was cut off has none. */
export function archiveOf(
  kept: Kept,
  parts: AsyncIterable<BackupPart>,
  { whole }: { whole: boolean }
): AsyncGenerator<Uint8Array> {
  const madeAt = Date.now()
  const files: Manifest['files'] = []
  async function* noted(all: AsyncIterable<BackupPart>): AsyncGenerator<Member> {
    for await (const { path, size, bytes } of all) {
      const hash = createHash('sha256')
      async function* hashed(): AsyncGenerator<Uint8Array> {
        for await (const piece of bytes) {
          hash.update(piece)
          yield piece
        }
      }
      yield { path, size, bytes: hashed() }
      files.push({ path, size, sha256: hash.digest('hex') })
    }
  }
  async function* members(): AsyncGenerator<Member> {
    yield* noted(ownParts(kept))
    yield* noted(parts)
    const { directory, address, version } = kept
    const said: Manifest = {
      format: backupFormat,
      store: storeFormat,
      version,
      address,
      madeAt,
      directory,
      whole,
      files
    }
    yield textPart(manifestPath, manifestText(said))
  }
  return writeTar(members(), Math.floor(madeAt / 1000))
}
