/** Entries that are written at once. */
const atOnce = 1_000

type Put<K, V> = { readonly type: 'put'; readonly key: K; readonly value: V }
interface Database<K, V> {
  batch(operations: Put<K, V>[], options: { sync: boolean }): Promise<void>
}

/**
 * Writes entries in their order, many at once; they are on disk when this resolves.
 * @returns how many they were
 */
export async function writeAll<K, V>(db: Database<K, V>, entries: AsyncIterable<readonly [K, V]>): Promise<number> {
  let batch: Put<K, V>[] = []
  let count = 0
  for await (const [key, value] of entries) {
    // A full batch waits for whatever comes after it: the last one, which flushes those before, is never empty.
    if (batch.length === atOnce) {
      await db.batch(batch, { sync: false })
      batch = []
    }
    batch.push({ type: 'put', key, value })
    count++
  }
  if (batch.length > 0) await db.batch(batch, { sync: true })
  return count
}
