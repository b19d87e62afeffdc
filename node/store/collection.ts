import type { Level } from 'level'
import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import type { Log } from '../runtime/index.ts'
import type { Commit } from './commits.ts'
import { storeError } from './errors.ts'
import { bounds, fullKey, shortKey } from './keys.ts'
import type { Collection, RangeOptions, WriteOptions } from './types.ts'

export type Database = Level

/** What every table shares: the database, where it is, for errors, and who is told of damage. */
export interface Base {
  readonly db: Database
  readonly directory: string
  readonly commit: Commit
  readonly log?: Pick<Log, 'warn'>
}

/** Where entries go that cannot be read, each under its table and key, for a person to look at. */
export const quarantineName = 'quarantine'

/** Why a stored text is not its type, or its value. */
export function decode<T>(text: string, schema: z.ZodType<T>): { value: T } | { why: string } {
  try {
    const result = schema.safeParse(JSON.parse(text))
    if (result.success) return { value: result.data }
    const [issue] = result.error.issues
    return { why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'another shape'}`.slice(0, 200) }
  } catch {
    return { why: 'not JSON' }
  }
}

export function createCollection<T>(
  { db, directory, log, commit }: Base,
  name: string,
  schema: z.ZodType<T>
): Collection<T> {
  async function guard<R>(work: Promise<R>): Promise<R> {
    try {
      return await work
    } catch (error) {
      throw storeError(error, directory)
    }
  }

  let told = false
  /** One entry that cannot be read keeps no node from starting: it is moved aside, and the table is as if without. */
  async function setAside(key: string, text: string, why: string): Promise<void> {
    if ((await db.get(fullKey(name, key))) !== text) return // it was written anew meanwhile
    const at = `${name}/${key}`.slice(0, 900)
    await commit(
      [
        { type: 'put', key: fullKey(quarantineName, at), value: canonicalJson({ table: name, key, text, why }) },
        { type: 'del', key: fullKey(name, key) }
      ],
      true
    )
    if (!told)
      log?.warn('an entry on disk cannot be read and was set aside; see tilth doctor --repair', {
        table: name,
        entry: key,
        why
      })
    told = true // the rest stands in the quarantine
  }
  async function read(key: string, text: string): Promise<{ value: T } | undefined> {
    const decoded = decode(text, schema)
    if ('value' in decoded) return decoded
    await setAside(key, text, decoded.why)
    return undefined
  }

  const range = ({ reverse = false, limit = -1, ...rest }: RangeOptions = {}) => ({
    ...bounds(name, rest),
    reverse,
    limit
  })

  async function* entries(options?: RangeOptions): AsyncGenerator<[string, T]> {
    try {
      for await (const [key, text] of db.iterator(range(options))) {
        const short = shortKey(name, key)
        const found = await read(short, text)
        if (found !== undefined) yield [short, found.value]
      }
    } catch (error) {
      throw storeError(error, directory)
    }
  }

  return {
    name,
    async get(key) {
      const text = await guard(db.get(fullKey(name, key)))
      return text === undefined ? undefined : (await guard(read(key, text)))?.value
    },
    has: key => guard(db.has(fullKey(name, key))),
    put: async (key, value, { sync = true }: WriteOptions = {}) =>
      commit([{ type: 'put', key: fullKey(name, key), value: canonicalJson(value) }], sync),
    delete: async (key, { sync = true }: WriteOptions = {}) => commit([{ type: 'del', key: fullKey(name, key) }], sync),
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
