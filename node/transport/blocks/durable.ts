import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { NextToLast } from 'blockstore-fs/sharding'
import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { storeError } from '../../store/index.ts'

const sharding = new NextToLast()
let writes = 0

/**
 * A file for each block, on disk (fsync) when `put` resolves: what we acknowledge must survive the power going out, and
 * blockstore-fs leaves that to the operating system. Blocks appear whole or not at all.
 */
export class DurableBlocks extends FsBlockstore implements Blockstore {
  override async put(cid: CID, value: Parameters<FsBlockstore['put']>[1]): Promise<CID> {
    const { dir, file } = sharding.encode(cid)
    const folder = join(this.path, dir)
    const path = join(folder, file)
    const fresh = `${path}.${process.pid}-${writes++}.new`
    try {
      await mkdir(folder, { recursive: true })
      const handle = await open(fresh, 'w')
      try {
        await handle.writeFile(value as Uint8Array)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(fresh, path)
      await syncFolder(dirname(path))
    } catch (error) {
      await rm(fresh, { force: true }) // on a full disk the half of a block is space that is missed
      throw storeError(error, this.path)
    }
    return cid
  }
}

/** A folder's own entry (a new or renamed file in it) on disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
