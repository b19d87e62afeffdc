import { LimitError, idText, isIdAlone, isMeant } from '../../../protocol/primitives/index.ts'
import type { Hex, TakenName } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Store } from '../../store/index.ts'
import type { DatanetRecord, ListingRecord, Tables } from './records.ts'

/** Documents kept of Datanets that this node has nothing to do with: 12 KiB each at most. Others are asked for. */
export const maxDocuments = 20_000
const cached = 256
/** Between a name and the id behind it: sorts before anything a name goes on with. */
const separator = '\u0001'

/** What a Datanet is called now. */
export const nameOf = ({ document, name }: DatanetRecord): string => name ?? document.rules.name
const nameKey = (name: string, id: Hex): string => `${name.replaceAll('\u0000', '')}${separator}${id}`

/** Every Datanet there is: what the chain tells of it, and its document where it is here. */
export interface Directory {
  load(): Promise<void>
  listing(id: Hex): Promise<ListingRecord | undefined>
  putListing(id: Hex, record: ListingRecord): Promise<void>
  /** In the order of their ids, `after` not included. */
  listings(after: string, limit: number): Promise<(readonly [Hex, ListingRecord])[]>
  datanet(id: Hex): Promise<DatanetRecord | undefined>
  /** @throws LimitError `datanet.many` (ignore) where others' documents fill their room */
  putDatanet(id: Hex, record: DatanetRecord, own: boolean): Promise<void>
  /** What a Datanet is called now, whose document is here: it is found by that name and by no other. */
  rename(id: Hex, name: string): Promise<void>
  /** Those whose documents are here, in the order of their ids; `after` not included. */
  datanets(after: string | undefined, limit: number): Promise<Hex[]>
  /** Ids with this name; where none has it, those that are meant by a part of an id. */
  find(nameOrPrefix: string, limit: number): Promise<Hex[]>
  /** Names of all whose documents are here, but for one Datanet's, with whose they are. */
  taken(except?: Hex): AsyncIterable<TakenName>
  /** On chain, and without a document here; in the order of their ids, `after` not included. */
  missing(after: string, limit: number): Promise<Hex[]>
}

export function createDirectory(store: Pick<Store, 'batch'>, tables: Tables): Directory {
  const { documents, listings, names } = tables
  const cache = createCache<Hex, DatanetRecord>({ max: cached })
  let count = 0

  return {
    async load() {
      count = 0
      for await (const _ of documents.keys()) count++
    },
    listing: id => listings.get(id),
    // read again from the chain, it is read the same
    putListing: (id, record) => listings.put(id, record, { sync: false }),
    async listings(after, limit) {
      const out: (readonly [Hex, ListingRecord])[] = []
      for await (const [id, record] of listings.entries({ limit, ...(after === '' ? {} : { from: `${after}!` }) }))
        out.push([id as Hex, record])
      return out
    },
    async datanet(id) {
      const known = cache.get(id) ?? (await documents.get(id))
      if (known !== undefined) cache.set(id, known)
      return known
    },
    async putDatanet(id, record, own) {
      const isNew = !(await documents.has(id))
      // [ignore] Anybody may create Datanets; only so many documents of others are kept here.
      if (isNew && !own && count >= maxDocuments)
        throw new LimitError('datanet.many', `${maxDocuments} documents of Datanets are kept already`, {
          consequence: 'ignore'
        })
      await store.batch(batch => batch.put(documents, id, record).put(names, nameKey(nameOf(record), id), true))
      if (isNew) count++
      cache.set(id, record)
    },
    async rename(id, name) {
      const record = await documents.get(id)
      if (record === undefined || nameOf(record) === name) return
      const renamed = { ...record, name }
      await store.batch(batch =>
        batch
          .delete(names, nameKey(nameOf(record), id))
          .put(documents, id, renamed)
          .put(names, nameKey(name, id), true)
      )
      cache.set(id, renamed)
    },
    async datanets(after, limit) {
      const ids: Hex[] = []
      for await (const id of documents.keys({ limit, ...(after === undefined ? {} : { from: `${after}!` }) }))
        ids.push(id as Hex)
      return ids
    },
    async find(wanted, limit) {
      const ids = new Set<Hex>()
      // Letters with marks are one character or several, as the keyboard has it: names that look alike are one name.
      const spellings = isIdAlone(wanted) ? [] : [wanted, wanted.normalize('NFC'), wanted.normalize('NFD')]
      for (const name of new Set(spellings))
        for await (const key of names.keys({ prefix: `${name}${separator}`, limit })) ids.add(key.slice(-66) as Hex)
      const text = idText(wanted)
      // Whoever has the very name is meant, though an id may begin with the same letters.
      if (text !== undefined && ids.size === 0)
        for await (const id of documents.keys({ prefix: text.beginning })) {
          if (isMeant(id, text)) ids.add(id as Hex)
          if (ids.size >= limit) break
        }
      return [...ids].slice(0, limit)
    },
    async *taken(except) {
      for await (const [id, record] of documents.entries()) {
        const { host } = record.document.statement.message
        if (id !== except) yield { name: nameOf(record), owner: (await listings.get(id))?.host ?? host }
      }
    },
    async missing(after, limit) {
      const ids: Hex[] = []
      for await (const id of listings.keys(after === '' ? {} : { from: `${after}!` })) {
        if (ids.length >= limit) break
        if (!(await documents.has(id))) ids.push(id as Hex)
      }
      return ids
    }
  }
}
