import { open, readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { Key } from 'interface-datastore'
import type { Datastore } from 'interface-datastore'
import { base32 } from 'multiformats/bases/base32'
import { equals } from 'multiformats/bytes'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { isBlock } from './durable.ts'
import { PassingBlocks } from './passing.ts'
import type { PassingOptions } from './passing.ts'
import { folderBlocks } from './tree.ts'

/** Where a leaf's bytes stand in its folder. */
interface Place {
  readonly path: string
  readonly offset: number
  readonly size: number
}

/** A folder that is lent, and its blocks. */
interface Lent {
  readonly folder: string
  readonly blocks: readonly string[]
}

/** A note's first byte: a node's own bytes follow, or a leaf's place as JSON. */
const nodeNote = 0
const placeNote = 1

const nameOf = (cid: CID): string => base32.encode(cid.multihash.bytes)
const folderKey = (root: CID): Key => new Key(`/lent/folder/${nameOf(root)}`)
const lendersOf = (cid: CID): string => `/lent/block/${nameOf(cid)}/`
const blockKey = (cid: CID, root: CID): Key => new Key(`${lendersOf(cid)}${nameOf(root)}`)

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))

function tagged(tag: number, bytes: Uint8Array): Uint8Array {
  const note = new Uint8Array(bytes.length + 1)
  note[0] = tag
  note.set(bytes, 1)
  return note
}

/** Six bytes of a hash, as a number. */
const shortOf = (multihash: Uint8Array): number => multihash.slice(-6).reduce((sum, byte) => sum * 256 + byte, 0)

/** Whether something else wants a block kept. */
type Pinned = (cid: CID) => Promise<boolean>

/**
 * Blocks on disk, of which those of whole folders need not be kept a second time: a folder that is lent gives its own
 * bytes when a block of it is asked for, and only the few nodes of its tree are noted. So a model of gigabytes is on
 * the disk once, as the files that are read, and others can have it all the same.
 */
export class LendingBlocks extends PassingBlocks {
  readonly #notes: Datastore
  /** Of every block that is lent, its hash's first bytes: most of what peers ask for is nowhere here. */
  #lent: Promise<Set<number>> | undefined

  /** `notes` is where the places of lent blocks stand; it is opened and closed by whoever made it. */
  constructor(location: string, notes: Datastore) {
    super(location)
    this.#notes = notes
  }

  /**
   * From now on the folder's blocks come from the folder; those kept here are dropped, unless something else wants
   * them. May be called again after a crash at any point. `get` reads a node of the folder's tree.
   */
  async lend(root: CID, folder: string, get: (cid: CID) => Promise<Uint8Array>, pinned: Pinned): Promise<void> {
    const blocks: CID[] = []
    const batch = this.#notes.batch()
    for await (const block of folderBlocks(root, get, async path => (await stat(join(folder, path))).size)) {
      blocks.push(block.cid)
      const { cid } = block
      if (block.kind === 'node') batch.put(blockKey(cid, root), tagged(nodeNote, block.bytes))
      else {
        const { path, offset, size } = block
        batch.put(blockKey(cid, root), tagged(placeNote, encode({ path, offset, size } satisfies Place)))
      }
    }
    batch.put(folderKey(root), encode({ folder, blocks: blocks.map(String) }))
    await batch.commit()
    const known = await this.#known()
    for (const cid of blocks) known.add(shortOf(cid.multihash.bytes))
    for (const cid of blocks) if (!(await pinned(cid))) await super.delete(cid)
  }

  /** Where a lent folder stands. */
  async folderOf(root: CID): Promise<string | undefined> {
    return (await this.#folder(root))?.folder
  }

  /**
   * Of a folder that was lent: paths of files that are not as they were, or are gone, and of files more than it had.
   * Undefined where nothing is noted of it. `folder` is where it stands now.
   */
  async changed(root: CID, folder: string): Promise<{ files: number; changed: readonly string[] } | undefined> {
    if ((await this.#folder(root)) === undefined) return undefined
    const ends = new Map<string, number>()
    const changed = new Set<string>()
    const sizes = new Map(await sizesIn(folder))
    const nodeOf = async (cid: CID): Promise<Uint8Array> => {
      const bytes = (await this.#notes.get(blockKey(cid, root))).subarray(1)
      if (!isBlock(cid, [bytes])) throw new TypeError(`the note of block ${cid.toString()} is damaged`)
      return bytes
    }
    for await (const block of folderBlocks(root, nodeOf, async path => sizes.get(path) ?? 0)) {
      if (block.kind === 'node') continue
      const { cid, path, offset, size } = block
      ends.set(path, Math.max(ends.get(path) ?? 0, offset + size))
      const bytes = await readPlace(folder, block)
      if (bytes === undefined || !isBlock(cid, [bytes])) changed.add(path)
    }
    for (const [path, size] of sizes) if (ends.get(path) !== size) changed.add(path)
    return { files: ends.size, changed: [...changed].sort() }
  }

  /** Before a folder goes: what something else wants of it is kept here, and nothing is read from it any more. */
  async takeBack(root: CID, pinned: Pinned): Promise<void> {
    const lent = await this.#folder(root)
    if (lent === undefined) return
    const batch = this.#notes.batch()
    for (const cid of lent.blocks.map(text => CID.parse(text))) {
      if ((await pinned(cid)) && !(await super.has(cid))) {
        const bytes = await this.#read(cid)
        if (bytes !== undefined) await super.put(cid, bytes)
      }
      batch.delete(blockKey(cid, root))
    }
    batch.delete(folderKey(root))
    await batch.commit()
    // Other folders may lend some of its blocks: what is lent now is read anew, when somebody asks.
    this.#lent = undefined
  }

  override async has(cid: CID, options?: PassingOptions): Promise<boolean> {
    if (await super.has(cid, options)) return true
    if (!(await this.#known()).has(shortOf(cid.multihash.bytes))) return false
    for await (const _ of this.#notes.queryKeys({ prefix: lendersOf(cid), limit: 1 })) return true
    return false
  }

  override async *get(cid: CID, options?: PassingOptions): AsyncGenerator<Uint8Array> {
    const lent = (await super.has(cid, options)) ? undefined : await this.#read(cid)
    if (lent === undefined) yield* super.get(cid, options)
    else yield lent
  }

  #known(): Promise<Set<number>> {
    this.#lent ??= (async () => {
      const known = new Set<number>()
      for await (const key of this.#notes.queryKeys({ prefix: '/lent/block/' }))
        known.add(shortOf(base32.decode(key.toString().split('/')[3] ?? '')))
      return known
    })()
    return this.#lent
  }

  async #folder(root: CID): Promise<Lent | undefined> {
    const key = folderKey(root)
    return (await this.#notes.has(key)) ? (decode(await this.#notes.get(key)) as Lent) : undefined
  }

  /** From the first folder that still has it as it was: an owner may have changed a file. */
  async #read(cid: CID): Promise<Uint8Array | undefined> {
    const prefix = lendersOf(cid)
    for await (const { key, value } of this.#notes.query({ prefix })) {
      const note = value
      if (note[0] === nodeNote) return note.subarray(1)
      const folder = await this.#folderNamed(key.toString().slice(prefix.length))
      const bytes = folder === undefined ? undefined : await readPlace(folder, decode(note.subarray(1)) as Place)
      if (bytes !== undefined && equals((await sha256.digest(bytes)).digest, cid.multihash.digest)) return bytes
    }
    return undefined
  }

  async #folderNamed(name: string): Promise<string | undefined> {
    const key = new Key(`/lent/folder/${name}`)
    return (await this.#notes.has(key)) ? (decode(await this.#notes.get(key)) as Lent).folder : undefined
  }
}

/** The files below a folder, by their paths. */
async function sizesIn(folder: string): Promise<[path: string, size: number][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => !entry.isDirectory()).map(entry => join(entry.parentPath, entry.name))
  return Promise.all(
    files.map(async file => [relative(folder, file).split(sep).join('/'), (await stat(file)).size] as [string, number])
  )
}

/** Undefined where the file is gone or too short. */
async function readPlace(folder: string, { path, offset, size }: Readonly<Place>): Promise<Uint8Array | undefined> {
  try {
    const file = await open(join(folder, path), 'r')
    try {
      const bytes = new Uint8Array(size)
      const { bytesRead } = await file.read(bytes, 0, size, offset)
      return bytesRead === size ? bytes : undefined
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
