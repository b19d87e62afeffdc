import { InvalidError } from '../../protocol/primitives/index.ts'

// Layout of the one database: `name` NUL `key`. A NUL stands in no name and no key, so no table reaches into another.
const separator = '\u0000'
const after = '\u0001'

/** A number as text that sorts like the number: 16 digits, enough for every safe integer. */
export function sequenceKey(index: number | bigint): string {
  return index.toString().padStart(16, '0')
}

function plain(text: string, what: string): string {
  if (text.length === 0 || text.length > 1000 || text.includes(separator))
    throw new InvalidError('store.key', `${what} must have 1 to 1000 characters and no NUL`)
  return text
}

export const tableName = (name: string): string => plain(name, "a table's name")
/** Not so: marks around tables. */
export const isEntry = (fullKey: string): boolean => fullKey.includes(separator)
export const fullKey = (name: string, key: string): string => `${name}${separator}${plain(key, 'a key')}`
/** The table of a full key. */
export const tableOf = (fullKey: string): string => fullKey.slice(0, fullKey.indexOf(separator))
export const shortKey = (name: string, key: string): string => key.slice(name.length + 1)

/** Two keys that are no table's, just before and just after all of this one's. */
export const around = (name: string): [string, string] => [name, `${name}${after}`]

/** The range of a table, or of a part of it. */
export function bounds(
  name: string,
  { from, to, prefix }: { from?: string; to?: string; prefix?: string } = {}
): { gte: string; lt: string } {
  const start = `${name}${separator}`
  let gte = start
  let lt = `${name}${after}`
  if (prefix !== undefined && prefix !== '') {
    gte = `${start}${prefix}`
    lt = `${start}${prefix}\u{10ffff}`
  }
  if (from !== undefined && `${start}${from}` > gte) gte = `${start}${from}`
  if (to !== undefined && `${start}${to}` < lt) lt = `${start}${to}`
  return { gte, lt }
}
