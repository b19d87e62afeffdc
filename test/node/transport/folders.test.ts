import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeTree } from '../../../node/transport/files/folders.ts'
import { scratch } from '../../harness/index.ts'

type Write = (this: FileHandle, bytes: Uint8Array, at?: number, length?: number) => Promise<{ bytesWritten: number }>

describe('transport: folders that are written', () => {
  it('are whole where the disk takes a part of each write', async () => {
    const some = await open(tmpdir(), 'r')
    const kind = Object.getPrototypeOf(some) as { write: Write }
    await some.close()
    const { write } = kind
    // As write(2) may: a disk that is all but full, or a quota, takes what fits.
    kind.write = function (bytes, at = 0, length = bytes.length - at) {
      return write.call(this, bytes, at, Math.min(length, 700))
    }
    const content = randomBytes(5_000)
    const target = join(await scratch('folders'), 'got')
    try {
      await writeTree(target, [{ path: 'weights' }], async function* () {
        yield content.subarray(0, 3_000)
        yield content.subarray(3_000)
      })
    } finally {
      kind.write = write
    }
    assert.ok(content.equals(await readFile(join(target, 'weights'))))
  })
})
