import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Batch, Store } from '../../store/index.ts'
import { ChainError } from '../errors/index.ts'
import type { ChainEvent } from '../events/index.ts'
import { apply } from './apply.ts'
import { createDraft } from './draft.ts'
import type { Draft } from './draft.ts'
import { ledgerLayout, openBooks, openTables } from './records.ts'
import type { Books, CursorRecord, JournalRecord, Table, Tables, UndoRecord } from './records.ts'

/** Old entries removed with one write: the rest with the next ones. */
const prunedAtOnce = 4096

/** Blocks that were read, all of them, and every event in them. */
export interface RangeRead {
  readonly to: bigint
  /** Hash of `to`. */
  readonly hash: Hex
  /** In the chain's order. */
  readonly events: readonly ChainEvent[]
  /** Hashes of the blocks with events. */
  readonly hashes: ReadonlyMap<bigint, Hex>
  /** No block up to this one is ever taken back. */
  readonly final: bigint
}

/**
 * The ledger on disk: what every event does, how the last blocks are taken back, how far the chain was read. Each
 * change is one write, so a process that is killed finds all of it or nothing.
 */
export interface Book {
  readonly tables: Tables
  readonly books: Books
  /** Undefined before anything was read. */
  cursor(): CursorRecord | undefined
  /**
   * Opens the ledger of a deployment, or begins one that goes on after `block`.
   * @throws ChainError `chain.network` if the folder's ledger is of another deployment
   */
  open(registry: Address, begin: () => Promise<{ block: bigint; hash: Hex }>): Promise<void>
  /**
   * @param options.lenient write although events seem to be missing
   * @returns what says that events before these are missing; then nothing was written, unless lenient
   */
  commit(range: RangeRead, options?: { lenient?: boolean }): Promise<readonly string[]>
  /** Takes back all blocks after this one, whose hash is a mark. */
  rewind(block: bigint): Promise<void>
  /** Blocks that can be gone back to, the newest first; the last one is final. */
  marks(): Promise<[block: bigint, hash: Hex][]>
  undo(block: bigint): Promise<UndoRecord | undefined>
  /** Forgets everything: it is read again from the start. */
  reset(): Promise<void>
  /** Says up to which journal entry all consumers have heard. */
  heardBy(lowest: () => number): void
  /** Called after each write, with what it changed. */
  onChange(listener: (changed: Iterable<[table: string, key: string]>) => void): void
}

export function createBook(store: Pick<Store, 'collection' | 'batch'>): Book {
  const tables = openTables(store)
  const books = openBooks(store)
  const byName = new Map(Object.values(tables).map(table => [table.name, table as unknown as Table<unknown>]))
  const listeners: ((changed: Iterable<[string, string]>) => void)[] = []
  let at: CursorRecord | undefined
  let oldest = 0
  let lowest: () => number = () => at?.next ?? 0
  let start: { registry: Address; begin: () => Promise<{ block: bigint; hash: Hex }> } | undefined

  async function clear(): Promise<void> {
    for (const { collection } of byName.values()) await clearTable(collection)
    for (const collection of [books.undo, books.marks, books.journal, books.consumers]) await clearTable(collection)
  }
  async function clearTable(collection: Books['marks'] | Table<unknown>['collection']): Promise<void> {
    for (;;) {
      const keys: string[] = []
      for await (const key of collection.keys({ limit: 10_000 })) keys.push(key)
      if (keys.length === 0) return
      await store.batch(batch => {
        for (const key of keys) batch.delete(collection, key)
      })
    }
  }

  async function begin(): Promise<void> {
    if (start === undefined) throw new ChainError('chain.stopped', 'the ledger is not open')
    const { block, hash } = await start.begin()
    const cursor: CursorRecord = {
      block,
      hash,
      first: block + 1n,
      final: 0n,
      next: 0,
      registry: start.registry,
      layout: ledgerLayout
    }
    await store.batch(batch => {
      batch.put(books.cursor, 'at', cursor).put(books.marks, sequenceKey(block), hash)
    })
    at = cursor
    oldest = 0
  }

  /** What is final, or heard by everybody, is forgotten; of the marks that are final the newest stays. */
  async function prune(batch: Batch, final: bigint, next: number): Promise<void> {
    if (final > 0n) {
      const end = sequenceKey(final)
      for await (const key of books.undo.keys({ to: sequenceKey(final + 1n), limit: prunedAtOnce }))
        batch.delete(books.undo, key)
      let last: string | undefined
      for await (const key of books.marks.keys({ to: end, limit: prunedAtOnce })) {
        if (last !== undefined) batch.delete(books.marks, last)
        last = key
      }
    }
    const heard = Math.min(lowest(), next, oldest + prunedAtOnce)
    for (; oldest < heard; oldest++) batch.delete(books.journal, sequenceKey(oldest))
  }

  async function write(
    draft: Draft,
    entries: readonly JournalRecord[],
    cursor: Pick<CursorRecord, 'block' | 'hash' | 'final'>,
    more: (batch: Batch) => void,
    sync: boolean
  ): Promise<void> {
    if (at === undefined) throw new ChainError('chain.stopped', 'the ledger is not open')
    const next: CursorRecord = { ...at, ...cursor, next: at.next + entries.length }
    const first = at.next
    const removals: ((batch: Batch) => void)[] = []
    const collecting = {
      put: () => collecting,
      append: () => collecting,
      delete: (collection, key) => {
        removals.push(batch => batch.delete(collection, key))
        return collecting
      }
    } as Batch
    await prune(collecting, cursor.final, first)
    await store.batch(
      batch => {
        draft.writeTo(batch)
        for (const remove of removals) remove(batch)
        for (const [i, entry] of entries.entries()) batch.put(books.journal, sequenceKey(first + i), entry)
        more(batch)
        batch.put(books.cursor, 'at', next).put(books.marks, sequenceKey(next.block), next.hash)
      },
      { sync }
    )
    at = next
    for (const listener of listeners) listener(draft.changed())
  }

  return {
    tables,
    books,
    cursor: () => at,
    async open(registry, begins) {
      start = { registry, begin: begins }
      const known = await books.cursor.get('at')
      if (known === undefined) {
        await clear() // half of a reset, if anything
        return begin()
      }
      if (known.registry !== registry)
        throw new ChainError(
          'chain.network',
          `the data folder follows the deployment with registry ${known.registry}`,
          {
            help: 'Give every deployment a data folder of its own, or give the contracts that this one was made with.'
          }
        )
      if (known.layout !== ledgerLayout) {
        // The cursor goes last: a process that dies in between begins here again.
        await clear()
        return begin()
      }
      at = known
      for await (const key of books.journal.keys({ limit: 1 })) oldest = Number(key)
      if (oldest === 0) oldest = (await books.journal.has(sequenceKey(0))) ? 0 : known.next
    },
    async commit({ to, hash, events, hashes, final: wanted }, { lenient = false } = {}) {
      let block = 0n
      const final = at !== undefined && at.final > wanted ? at.final : wanted
      const draft = createDraft({ undoable: () => block > final })
      const undo = new Map<bigint, UndoRecord>()
      const missing: string[] = []
      const seal = (): void => {
        const before = draft.seal()
        const hashOf = hashes.get(block)
        if (block <= final || hashOf === undefined) return
        undo.set(block, { hash: hashOf, events: events.filter(event => event.block === block), before })
      }
      for (const event of events) {
        if (event.block !== block) {
          seal()
          block = event.block
        }
        const gap = await apply(event, draft, tables)
        if (gap !== undefined) missing.push(gap)
      }
      seal()
      if (missing.length > 0 && !lenient) return missing
      const lastFinal = events.findLast(event => event.block <= final)?.block
      const lastHash = lastFinal === undefined ? undefined : hashes.get(lastFinal)
      await write(
        draft,
        events.map(event => ({ back: false, event })),
        { block: to, hash, final },
        batch => {
          // Between the newest mark that is final and what can be taken back there are no events: back is back to it.
          if (lastFinal !== undefined && lastHash !== undefined)
            batch.put(books.marks, sequenceKey(lastFinal), lastHash)
          for (const [number, record] of undo) {
            batch.put(books.undo, sequenceKey(number), record)
            batch.put(books.marks, sequenceKey(number), record.hash)
          }
        },
        // Blocks without events are read again as they were, should the power fail.
        events.length > 0 || final >= to
      )
      return missing
    },
    async rewind(block) {
      const hash = await books.marks.get(sequenceKey(block))
      if (hash === undefined || at === undefined || block > at.block)
        throw new ChainError('chain.diverged', `the ledger cannot go back to block ${block}`)
      const draft = createDraft({ undoable: () => false })
      const back: JournalRecord[] = []
      const gone: string[] = []
      for await (const [key, { events, before }] of books.undo.entries({
        from: sequenceKey(block + 1n),
        reverse: true
      })) {
        gone.push(key)
        for (const event of events.toReversed()) back.push({ back: true, event })
        for (const [name, at, text] of before) {
          const table = byName.get(name)
          if (table === undefined) continue
          if (text === null) await draft.delete(table, at)
          else await draft.put(table, at, table.schema.parse(JSON.parse(text)))
        }
      }
      const marks: string[] = []
      for await (const key of books.marks.keys({ from: sequenceKey(block + 1n) })) marks.push(key)
      await write(
        draft,
        back,
        { block, hash, final: at.final },
        batch => {
          for (const key of gone) batch.delete(books.undo, key)
          for (const key of marks) batch.delete(books.marks, key)
        },
        true
      )
    },
    async marks() {
      const marks: [bigint, Hex][] = []
      for await (const [key, hash] of books.marks.entries({ reverse: true })) {
        marks.push([BigInt(key), hash as Hex])
        if (at !== undefined && BigInt(key) <= at.final) break
      }
      return marks
    },
    undo: block => books.undo.get(sequenceKey(block)),
    async reset() {
      await books.cursor.delete('at')
      at = undefined
      await clear()
      await begin()
    },
    heardBy(read) {
      lowest = read
    },
    onChange(listener) {
      listeners.push(listener)
    }
  }
}
