import type { z } from 'zod'

// The node's own memory: one LevelDB per data folder. Values are canonical JSON (bigints as decimal text), decoded by
// their zod schema on the way out, so a schema here is the wire schema of the same type.

export interface WriteOptions {
  /** Whether the write is on disk (fsync) when the promise resolves; true unless said otherwise. */
  sync?: boolean
}

export interface RangeOptions {
  /** Keys from (inclusive), to (exclusive), and those that begin with. */
  from?: string
  to?: string
  prefix?: string
  reverse?: boolean
  limit?: number
}

/**
 * A named table with text keys in byte order. Pad numbers in keys (`sequenceKey`). What cannot be decoded is as if it
 * were not there: it is moved to the table `quarantine`.
 */
export interface Collection<T> {
  readonly name: string
  get(key: string): Promise<T | undefined>
  has(key: string): Promise<boolean>
  put(key: string, value: T, options?: WriteOptions): Promise<void>
  delete(key: string, options?: WriteOptions): Promise<void>
  /** A consistent view of the moment the iteration began. */
  entries(range?: RangeOptions): AsyncIterable<[key: string, value: T]>
  values(range?: RangeOptions): AsyncIterable<T>
  keys(range?: RangeOptions): AsyncIterable<string>
}

export interface Batch {
  put<T>(collection: Collection<T>, key: string, value: T): Batch
  delete<T>(collection: Collection<T>, key: string): Batch
}

export interface Store {
  /** The same name twice is the same table. Names: `data/contributions`. */
  collection<T>(name: string, schema: z.ZodType<T>): Collection<T>
  /** All or nothing, durable when it resolves. Writes at the same time go to the disk together. */
  batch(fill: (batch: Batch) => void, options?: WriteOptions): Promise<void>
  /**
   * What was deleted or overwritten in these tables leaves the disk: the database only marks it, and forgets in its own
   * time. Costs a pass over the tables. What an iteration that began before may still see stays until the next time.
   */
  scrub(tables: readonly Pick<Collection<unknown>, 'name'>[]): Promise<void>
  /** Every entry of every table as its text, all as they were when the iteration began; what was acknowledged is in. */
  copy(): AsyncIterable<[key: string, text: string]>
  close(): Promise<void>
}
