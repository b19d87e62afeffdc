import { unixfs } from '@helia/unixfs'
import type { AddOptions, UnixFS } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'
import { readTree } from './folders.ts'

/** The same bytes must get the same CID from every node and version: nothing is left to the library's defaults. */
export const importSettings = {
  profile: 'unixfs-v1-2025',
  cidVersion: 1,
  rawLeaves: true
} as const satisfies AddOptions

/** Puts a folder's blocks where `fs` keeps them. @returns its CID; undefined where there is no file in it */
export async function importFolder(fs: Pick<UnixFS, 'addAll'>, path: string): Promise<CID | undefined> {
  let root: CID | undefined
  let files = 0
  async function* counted(): ReturnType<typeof readTree> {
    for await (const entry of readTree(path)) {
      files++
      yield entry
    }
  }
  for await (const { cid } of fs.addAll(counted(), { ...importSettings, wrapWithDirectory: true })) root = cid
  return files === 0 ? undefined : root
}

/** The CID that a folder would get, with nothing of it kept anywhere. */
export async function cidOfFolder(path: string): Promise<CID | undefined> {
  const nowhere = { put: async (cid: CID) => cid, has: async () => false }
  return importFolder(unixfs({ blockstore: nowhere as never }), path)
}
