/**
 * What a table has by a name that somebody else said. Every object knows `constructor` by its prototype, which is no
 * entry of anybody's.
 */
export const ownOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined
