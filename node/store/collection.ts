import type { Level } from 'level'
import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import type { Log } from '../runtime/index.ts'
import type { Anew } from './anew.ts'
import type { Commit } from './commits.ts'
import type { Empties } from './empties.ts'
import { storeError } from './errors.ts'
import { bounds, fullKey, shortKey } from './keys.ts'
import type { Collection, RangeOptions, WriteOptions } from './types.ts'

export type Database = Level

/** What every table shares: the database, where it is, for errors, and who is told of damage. */
export interface Base {
  readonly db: Database
  readonly anew: Pick<Anew, 'read' | 'since' | 'times'>
  readonly directory: string
  readonly commit: Commit
  readonly empties: Empties
  readonly log?: Pick<Log, 'warn'>
}

interface Range {
  readonly gt?: string
  readonly gte?: string
  readonly lt: string
  readonly reverse: boolean
  readonly limit: number
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
  { db, anew, directory, log, commit, empties }: Base,
  name: string,
  schema: z.ZodType<T>
): Collection<T> {
  async function guard<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await anew.read(work)
    } catch (error) {
      throw storeError(error, directory)
    }
  }

  let told = false
  /** One entry that cannot be read keeps no node from starting: it is moved aside, and the table is as if without. */
  async function setAside(key: string, text: string, why: string): Promise<void> {
    if ((await guard(() => db.get(fullKey(name, key)))) !== text) return // it was written anew meanwhile
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

  /**
   * What an iterator of a range gives. Of a database that is opened anew meanwhile another goes on behind the last key:
   * of what is written in that moment it may see some.
   */
  async function* walk<R>(
    { reverse = false, limit = -1, ...rest }: RangeOptions = {},
    begin: (range: Range) => AsyncIterable<R>,
    keyOf: (item: R) => string
  ): AsyncGenerator<R> {
    if (empties.has(name)) return
    const whole = bounds(name)
    let within: Pick<Range, 'gt' | 'gte' | 'lt'> = bounds(name, rest)
    const isWhole = within.gte === whole.gte && within.lt === whole.lt
    const foundNothing = empties.looking(name)
    let left = limit
    while (left !== 0) {
      const times = anew.times()
      try {
        for await (const item of begin({ ...within, reverse, limit: left })) {
          const key = keyOf(item)
          within = reverse ? { ...within, lt: key } : { lt: within.lt, gt: key }
          left--
          yield item
        }
        if (isWhole && left === limit) foundNothing()
        return
      } catch (error) {
        if (!(await anew.since(times))) throw storeError(error, directory)
      }
    }
  }

  async function* entries(options?: RangeOptions): AsyncGenerator<[string, T]> {
    const begin = (range: Range): AsyncIterable<[string, string]> => db.iterator(range)
    for await (const [key, text] of walk(options, begin, ([key]) => key)) {
      const short = shortKey(name, key)
      const found = await read(short, text)
      if (found !== undefined) yield [short, found.value]
    }
  }

  return {
    name,
    async get(key) {
      const text = await guard(() => db.get(fullKey(name, key)))
      return text === undefined ? undefined : (await read(key, text))?.value
    },
    has: key => guard(() => db.has(fullKey(name, key))),
    put: async (key, value, { sync = true }: WriteOptions = {}) =>
      commit([{ type: 'put', key: fullKey(name, key), value: canonicalJson(value) }], sync),
    delete: async (key, { sync = true }: WriteOptions = {}) => commit([{ type: 'del', key: fullKey(name, key) }], sync),
    entries,
    async *values(options) {
      for await (const [, value] of entries(options)) yield value
    },
    async *keys(options) {
      for await (const key of walk(
        options,
        range => db.keys(range),
        key => key
      ))
        yield shortKey(name, key)
    }
  }
}
