import type { Level } from 'level'
import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import { StoreError, storeError } from './errors.ts'
import { bounds, fullKey, shortKey } from './keys.ts'
import type { Collection, RangeOptions, WriteOptions } from './types.ts'

export type Database = Level

/** What every table shares: the database, and where it is, for errors. */
export interface Base {
  readonly db: Database
  readonly directory: string
}

/** A stored text as its type. What does not decode is damage or a schema that changed without the format. */
export function decodeStored<T>(text: string, schema: z.ZodType<T>, name: string, key: string): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new StoreError('store.corrupt', `${name}: the entry ${key} is not JSON`, { cause })
  }
  const result = schema.safeParse(value)
  if (!result.success)
    throw new StoreError('store.corrupt', `${name}: the entry ${key} is not what this version keeps there`, {
      cause: result.error
    })
  return result.data
}

export function createCollection<T>({ db, directory }: Base, name: string, schema: z.ZodType<T>): Collection<T> {
  async function guard<R>(work: Promise<R>): Promise<R> {
    try {
      return await work
    } catch (error) {
      throw storeError(error, directory)
    }
  }
  const range = ({ reverse = false, limit = -1, ...rest }: RangeOptions = {}) => ({
    ...bounds(name, rest),
    reverse,
    limit
  })

  async function* entries(options?: RangeOptions): AsyncGenerator<[string, T]> {
    try {
      for await (const [key, text] of db.iterator(range(options)))
        yield [shortKey(name, key), decodeStored(text, schema, name, key)]
    } catch (error) {
      throw storeError(error, directory)
    }
  }

  return {
    name,
    async get(key) {
      const text = await guard(db.get(fullKey(name, key)))
      return text === undefined ? undefined : decodeStored(text, schema, name, key)
    },
    has: key => guard(db.has(fullKey(name, key))),
    put: (key, value, { sync = true }: WriteOptions = {}) =>
      guard(db.put(fullKey(name, key), canonicalJson(value), { sync })),
    delete: (key, { sync = true }: WriteOptions = {}) => guard(db.del(fullKey(name, key), { sync })),
    entries,
    async *values(options) {
      for await (const [, value] of entries(options)) yield value
    },
    async *keys(options) {
      try {
        for await (const key of db.keys(range(options))) yield shortKey(name, key)
      } catch (error) {
        throw storeError(error, directory)
      }
    }
  }
}
