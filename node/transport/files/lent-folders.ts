import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { storeError } from '../../store/index.ts'
import { LendingBlocks } from '../blocks/lent.ts'
import { parseCid } from './files.ts'
import { cidOfFolder } from './import.ts'

/** Folders that a node lends others from, while no node runs on its data. */
export interface LentFolders {
  /**
   * Paths of a folder's files that are not what its CID says; by its own tree where one is noted, else by the tree that
   * this version would make of it, which tells only that something is.
   */
  changed(cid: string, folder: string): Promise<readonly string[]>
  /** Nothing is read from the folder any more; what of it is whole stays as blocks: only the rest is fetched. */
  takeBack(cid: string): Promise<void>
  close(): Promise<void>
}

/** @param directory the transport's. @throws StoreError where its records cannot be opened */
export async function openLentFolders(directory: string): Promise<LentFolders> {
  const notes = new LevelDatastore(join(directory, 'peers'))
  const blocks = new LendingBlocks(join(directory, 'blocks'), notes)
  try {
    await blocks.open()
    await notes.open()
  } catch (error) {
    throw storeError(error, directory)
  }
  return {
    async changed(text, folder) {
      const cid = parseCid(text)
      const found = await blocks.changed(cid, folder)
      if (found !== undefined) return found.changed
      return (await cidOfFolder(folder))?.equals(cid) === true ? [] : ['some file']
    },
    takeBack: text => blocks.takeBack(parseCid(text), async () => true),
    async close() {
      await blocks.close()
      await notes.close()
    }
  }
}
