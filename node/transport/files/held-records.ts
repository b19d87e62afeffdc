import { join, relative } from 'node:path'
import type { Datastore } from 'interface-datastore'
import { Level } from 'level'
import { storeError, writeAll } from '../../store/index.ts'

/** What is noted of kept content: Helia's pins, and where lent folders stand. Peers and the DHT are not among it. */
const prefixes = ['/pin/', '/pinned-block/', '/lent/']
const lentFolders = '/lent/folder/'

/** All of it, as it was when the iteration began. */
export async function* heldRecords(datastore: Pick<Datastore, 'query'>): AsyncGenerator<[string, Uint8Array]> {
  for await (const { key, value } of datastore.query({})) {
    const name = key.toString()
    if (prefixes.some(prefix => name.startsWith(prefix))) yield [name, value]
  }
}

/** A lent folder is where it was within the data folder, which may stand elsewhere now. */
function moved(value: Uint8Array, from: string, to: string): Uint8Array {
  const note = JSON.parse(new TextDecoder().decode(value)) as { folder: string }
  const within = relative(from, note.folder)
  return new TextEncoder().encode(JSON.stringify({ ...note, folder: join(to, within) }))
}

/**
 * Writes a copy of such records into a new folder. @param directory the transport's · @param from the data folder that
 * they were of · @param to where that stands from now on
 */
export async function writeHeldRecords(
  directory: string,
  records: AsyncIterable<[string, Uint8Array]>,
  { from, to }: { from: string; to: string }
): Promise<number> {
  async function* kept(): AsyncGenerator<[string, Uint8Array]> {
    for await (const [name, value] of records)
      // [reject] Nothing else is written there, whatever a copy holds.
      if (prefixes.some(prefix => name.startsWith(prefix)))
        yield [name, name.startsWith(lentFolders) ? moved(value, from, to) : value]
  }
  // The datastore's own batches are not flushed, so its database is written as it would write it.
  const db = new Level<string, Uint8Array>(join(directory, 'peers'), { keyEncoding: 'utf8', valueEncoding: 'view' })
  try {
    await db.open()
    return await writeAll(db, kept())
  } catch (error) {
    throw storeError(error, directory)
  } finally {
    await db.close()
  }
}
