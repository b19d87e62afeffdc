import { canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Batch } from '../../store/index.ts'
import type { ChainEventName, ChainEventOf } from '../events/index.ts'
import type { Table, Tables, UndoRecord } from './records.ts'

/** Changes that are not on disk yet, over what is. What a block changes is remembered as it was before. */
export interface Draft {
  get<T>(table: Table<T>, key: string): Promise<T | undefined>
  put<T>(table: Table<T>, key: string, value: T): Promise<void>
  delete<T>(table: Table<T>, key: string): Promise<void>
  /** What stood before all that changed since the last call: how a block is taken back. */
  seal(): UndoRecord['before']
  /** Everything that has changed, into one batch. */
  writeTo(batch: Batch): void
  /** Keys of a table that have changed. */
  changed(): Iterable<[table: string, key: string]>
}

/**
 * What an event does to the ledger. A text says that events before it are missing: the contracts cannot have made it
 * otherwise, so the RPC has kept something back. What can be told is done all the same.
 */
export type Apply<N extends ChainEventName> = (
  event: ChainEventOf<N>,
  draft: Draft,
  tables: Tables
) => Promise<string | undefined | void>

interface Entry {
  readonly table: Table<unknown>
  readonly key: string
  value: unknown
}

/** @param undoable whether what stood before is wanted: not for blocks that are final */
export function createDraft({ undoable }: { undoable: () => boolean }): Draft {
  const entries = new Map<string, Entry>()
  const before = new Map<string, [string, string, string | null]>()
  const at = (table: { name: string }, key: string): string => `${table.name}\u0000${key}`

  async function get<T>(table: Table<T>, key: string): Promise<T | undefined> {
    const entry = entries.get(at(table, key))
    return entry === undefined ? table.collection.get(key) : (entry.value as T | undefined)
  }
  async function set<T>(table: Table<T>, key: string, value: T | undefined): Promise<void> {
    const name = at(table, key)
    if (undoable() && !before.has(name)) {
      const old = await get(table, key)
      before.set(name, [table.name, key, old === undefined ? null : canonicalJson(old)])
    }
    entries.set(name, { table: table as unknown as Table<unknown>, key, value })
  }

  return {
    get,
    put: set,
    delete: (table, key) => set(table, key, undefined),
    seal() {
      const sealed = [...before.values()]
      before.clear()
      return sealed
    },
    writeTo(batch) {
      for (const { table, key, value } of entries.values()) {
        if (value === undefined) batch.delete(table.collection, key)
        else batch.put(table.collection, key, value)
      }
    },
    *changed() {
      for (const { table, key } of entries.values()) yield [table.name, key]
    }
  }
}
