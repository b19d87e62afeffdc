import * as dagPb from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import type { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { InvalidError } from '../../../protocol/primitives/index.ts'

/** A block of a folder: a node of its tree, or bytes of one of its files. */
export type FolderBlock =
  | { readonly kind: 'node'; readonly cid: CID; readonly bytes: Uint8Array }
  | { readonly kind: 'leaf'; readonly cid: CID; readonly path: string; readonly offset: number; readonly size: number }

/**
 * Every block of a folder, each node before what hangs on it. Only nodes are read: leaves are named with their place in
 * their file. `sizeOf` gives the bytes of a file that is a single leaf, which no node tells.
 * @throws InvalidError `files.not-plain` for what a folder of plain files has not · whatever `get` and `sizeOf` throw
 */
export async function* folderBlocks(
  root: CID,
  get: (cid: CID) => Promise<Uint8Array>,
  sizeOf: (path: string) => Promise<number>
): AsyncGenerator<FolderBlock> {
  async function* file(cid: CID, path: string, offset: number, size: number | undefined): AsyncGenerator<FolderBlock> {
    if (cid.code === raw.code) {
      yield { kind: 'leaf', cid, path, offset, size: size ?? (await sizeOf(path)) }
      return
    }
    const { bytes, links, entry } = await node(cid, path)
    yield { kind: 'node', cid, bytes }
    if (entry.type !== 'file' && entry.type !== 'raw') throw notPlain(path)
    let at = offset + (entry.data?.length ?? 0)
    for (const [i, { Hash }] of links.entries()) {
      const part = Number(entry.blockSizes[i] ?? 0)
      yield* file(Hash, path, at, part)
      at += part
    }
  }

  async function* folder(cid: CID, path: string): AsyncGenerator<FolderBlock> {
    const { bytes, links, entry } = await node(cid, path)
    yield { kind: 'node', cid, bytes }
    if (entry.type !== 'directory') throw notPlain(path)
    for (const { Hash, Name = '' } of links) {
      const below = path === '' ? Name : `${path}/${Name}`
      if (Hash.code !== raw.code && (await node(Hash, below)).entry.type === 'directory') yield* folder(Hash, below)
      else yield* file(Hash, below, 0, undefined)
    }
  }

  async function node(
    cid: CID,
    path: string
  ): Promise<{ bytes: Uint8Array; links: readonly dagPb.PBLink[]; entry: UnixFS }> {
    if (cid.code !== dagPb.code) throw notPlain(path)
    const bytes = await get(cid)
    const { Data, Links } = dagPb.decode(bytes)
    if (Data === undefined) throw notPlain(path)
    return { bytes, links: Links, entry: UnixFS.unmarshal(Data) }
  }

  yield* folder(root, '')
}

const notPlain = (path: string): InvalidError =>
  new InvalidError('files.not-plain', `${path === '' ? 'the root' : path} is neither a plain file nor a plain folder`)
