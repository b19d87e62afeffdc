import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FsBlockstore } from 'blockstore-fs'
import { NextToLast } from 'blockstore-fs/sharding'
import type { Blockstore } from 'interface-blockstore'
import type { AbortOptions } from '@libp2p/interface'
import { base32upper } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { decode as decodeHash } from 'multiformats/hashes/digest'
import { storeError, writeWhole } from '../../store/index.ts'

const sharding = new NextToLast()
const sha256Code = 0x12

/** A file is named by its block's hash alone: any codec names the block. */
function cidOf(file: string): CID | undefined {
  try {
    return CID.createV1(raw.code, decodeHash(base32upper.decode(file.slice(0, -'.data'.length))))
  } catch {
    return undefined // somebody else's file
  }
}

/** [reject] A block is what its hash says; hashes other than SHA-256 are for whoever reads it. */
export function isBlock({ multihash }: CID, parts: readonly Uint8Array[]): boolean {
  if (multihash.code !== sha256Code) return true
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest().equals(multihash.digest)
}

/**
 * A file for each block, on disk (fsync) when `put` resolves: what we acknowledge must survive the power going out, and
 * blockstore-fs leaves that to the operating system. Blocks appear whole or not at all.
 */
export class DurableBlocks extends FsBlockstore implements Blockstore {
  /** Told of every block that is looked for, read or written, before it is; where the collector watches, and waits. */
  beforeTouch: (cid: CID) => Promise<void> = async () => undefined

  override async has(cid: CID, options?: AbortOptions): Promise<boolean> {
    await this.beforeTouch(cid)
    return await super.has(cid, options)
  }

  override async *get(cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    await this.beforeTouch(cid)
    options?.signal?.throwIfAborted()
    const parts: Uint8Array[] = []
    // Without the signal: of a file that is being opened when it aborts, the library closes nothing.
    for await (const part of super.get(cid)) parts.push(part)
    // [reject] What the disk has turned is not the block: set aside, it is fetched again like one that is missing.
    if (!isBlock(cid, parts)) {
      await this.setAside(cid)
      // By this name Helia knows what it has to ask others for.
      throw Object.assign(new Error(`the block ${cid.toString()} on this disk is damaged`), { name: 'NotFoundError' })
    }
    yield* parts
  }

  /** Takes a damaged block's file out of the way, under another name. */
  async setAside(cid: CID): Promise<void> {
    const { dir, file } = sharding.encode(cid)
    const path = join(this.path, dir, file)
    await rename(path, path.replace(/\.data$/, '.damaged')).catch(() => rm(path, { force: true }))
  }

  /** Removes a block's file; the collector's way, which tells nobody. */
  async remove(cid: CID): Promise<void> {
    const { dir, file } = sharding.encode(cid)
    await rm(join(this.path, dir, file), { force: true })
  }

  /** Every block that has a file here, in no order; sizes in bytes, times in milliseconds since 1970. */
  async *stored(): AsyncGenerator<{ cid: CID; size: number; writtenAt: number }> {
    for (const dir of await readdir(this.path)) {
      for (const file of await readdir(join(this.path, dir)).catch(() => [])) {
        const found = file.endsWith('.data') ? await stat(join(this.path, dir, file)).catch(() => undefined) : undefined
        const cid = found === undefined ? undefined : cidOf(file)
        if (found !== undefined && cid !== undefined) yield { cid, size: found.size, writtenAt: found.mtimeMs }
      }
    }
  }

  override async put(cid: CID, value: Parameters<FsBlockstore['put']>[1]): Promise<CID> {
    await this.beforeTouch(cid)
    const { dir, file } = sharding.encode(cid)
    const folder = join(this.path, dir)
    try {
      await mkdir(folder, { recursive: true })
      await writeWhole(join(folder, file), value as Uint8Array)
    } catch (error) {
      throw storeError(error, this.path)
    }
    return cid
  }
}
