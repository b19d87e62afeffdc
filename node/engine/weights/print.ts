import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { readDirectory, readPieces } from './safetensors.ts'

/** Elements that are hashed at a time. */
const piece = 1 << 18

/**
 * What an adapter's folder holds as numbers, whatever its files say besides and in which order: the same weights have
 * one print. Undefined where it holds none.
 * @throws ModelError `weights-invalid`
 */
export async function weightsPrint(folder: string): Promise<string | undefined> {
  const file = join(folder, 'adapter_model.safetensors')
  if (!existsSync(file)) return undefined
  const hash = createHash('sha256')
  const tensors = [...readDirectory(file).values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (const tensor of tensors) {
    hash.update(JSON.stringify([tensor.name, tensor.shape]))
    readPieces(tensor, piece, ({ buffer, byteOffset, byteLength }) => {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength))
    })
    await setImmediate() // whatever else waits has its turn
  }
  return hash.digest('hex')
}
