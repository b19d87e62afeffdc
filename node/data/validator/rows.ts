import { z } from 'zod'
import {
  RowIndex,
  isRigid,
  isSlip,
  mostSlipLetters,
  mostUses,
  overlap,
  printRow,
  slipsBetween,
  usesPerSlip,
  variants,
  withUse
} from '../../../protocol/data/index.ts'
import type { Row, RowPrint, WordUse } from '../../../protocol/data/index.ts'
import { bytes32, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Collection, Store } from '../../store/index.ts'
import type { Batch } from '../../store/types.ts'

// Own rows of accepted contributions on disk, findable by likeness, a Datanet's under its id. As protocol/data's
// WordIndex: rows that are near share one's rarest word up to a slip, so a search reads the postings of that word only.

export const rowRecord = z.strictObject({
  contribution: bytes32,
  order: z.int().min(1),
  row: z.int().min(0),
  exact: bytes32,
  group: bytes32,
  words: z.array(z.string()),
  /** Left away by an earlier version of this node. */
  answer: z.string().max(16).default('')
})
type RowRecord = z.infer<typeof rowRecord>

/** The first rows by authorship that have a word: what tells a slip from another word. */
export const wordRecord = z
  .array(z.strictObject({ order: z.int().min(1), row: z.int().min(0), answer: z.string().max(16) }))
  .max(mostUses)

/** Postings read before another word of the row is tried. */
const fewPostings = 32
/** Rows read under one word of a row, of those that it may have in it: what comes of them is advice. */
const fewParts = 2
/** Words of a row under which such are looked for: it may have tens of thousands. */
const mostPartWords = 1_024
/** Long words with one beginning or end that are looked at for another: they may be as long as a row. */
const mostLong = 256
/** Entries that are held before they are written. */
const mostHeld = 65_536
const utf8 = new TextEncoder()

export interface AcceptedRows {
  has(datanet: Hex, contribution: Hex): Promise<boolean>
  /**
   * All rows of a contribution, once: one that was broken off is begun again, and comes to the same.
   * @param rows with their index in the shard
   */
  add(datanet: Hex, of: { contribution: Hex; order: number }, rows: readonly (readonly [number, Row])[]): Promise<void>
  /** An index of those accepted rows that could be like one of these: what a check needs to see of all there are. */
  like(datanet: Hex, rows: readonly Row[], nearDuplicate: number): Promise<RowIndex>
  /** For each row the accepted one that shares most words with it, among so many of the newest. */
  nearest(datanet: Hex, rows: readonly Row[], among: number): Promise<(NearRow | undefined)[]>
  forget(datanet: Hex): Promise<void>
}

/** An accepted row, by its contribution and index in its shard. */
export interface NearRow {
  readonly contribution: Hex
  readonly row: number
  /** Of their words, shared, in thousandths. */
  readonly overlap: number
}

/** Rows compared before the process may do something else. */
const slice = 500

export function createAcceptedRows(store: Pick<Store, 'collection' | 'batch'>): AcceptedRows {
  const rows = store.collection('data/rows', rowRecord)
  const exacts = store.collection('data/rows-exact', z.string())
  const postings = store.collection('data/rows-words', z.string())
  const slips = store.collection('data/rows-slips', z.literal(true))
  const uses = store.collection('data/rows-uses', wordRecord)
  const parts = store.collection('data/rows-parts', z.string())
  const done = store.collection('data/rows-of', z.literal(true))
  const counts = store.collection('data/rows-count', z.int().min(0))
  const tables: readonly Collection<unknown>[] = [
    rows,
    exacts,
    postings,
    slips,
    uses,
    parts,
    done
  ] as Collection<unknown>[]

  /** A word may be as long as its text: hashed where it stands in a key. */
  const short = (text: string): string => (utf8.encode(text).length <= 40 ? text : keccak(text))
  const posting = (datanet: Hex, word: string, group: Hex): string => `${datanet}/${group.slice(2, 34)}/${short(word)}/`
  const useKey = (datanet: Hex, word: string): string => `${datanet}/${short(word)}`
  const partKey = (datanet: Hex, answer: string, word: string): string => `${datanet}/${answer}/${short(word)}/`
  const slipKey = (datanet: Hex, variant: string): string => `${datanet}/${short(variant)}\u0001`

  async function likeWords(datanet: Hex, word: string): Promise<Set<string>> {
    const out = new Set([word])
    if (isRigid(word)) return out
    for (const variant of variants(word)) {
      const prefix = slipKey(datanet, variant)
      for await (const key of slips.keys({ prefix, ...(word.length >= mostSlipLetters ? { limit: mostLong } : {}) })) {
        const other = key.slice(prefix.length)
        if (isSlip(word, other)) out.add(other)
      }
    }
    return out
  }

  /** Keys of the rows under a row's rarest word. */
  async function candidates(datanet: Hex, print: RowPrint): Promise<Set<string>> {
    let best: string[] | undefined
    for (const word of print.words) {
      const prefixes = [...(await likeWords(datanet, word))].map(like => posting(datanet, like, print.group))
      const found = new Set<string>()
      for (const prefix of prefixes) {
        for await (const row of postings.values({ prefix, limit: fewPostings })) found.add(row)
        if (found.size >= fewPostings) break
      }
      if (found.size < fewPostings) return found
      best ??= prefixes
    }
    // Every word of it is in many rows: all of one's are looked at.
    const all = new Set<string>()
    for (const prefix of best ?? []) for await (const row of postings.values({ prefix })) all.add(row)
    return all
  }

  /** Rows of a Datanet that an earlier version of this node has indexed and not counted. */
  async function countOf(prefix: string): Promise<number> {
    let count = 0
    for await (const _ of rows.keys({ prefix })) count++
    return count
  }

  /** One at a time for a Datanet: what is forgotten between two writes would come back in parts. */
  const turns = new Map<Hex, Promise<unknown>>()
  async function inTurn<T>(datanet: Hex, work: () => Promise<T>): Promise<T> {
    const before = turns.get(datanet) ?? Promise.resolve()
    const mine = before.then(work, work)
    turns.set(datanet, mine)
    try {
      return await mine
    } finally {
      if (turns.get(datanet) === mine) turns.delete(datanet)
    }
  }

  const recall = (
    { contribution, order, row, exact, group, answer }: RowRecord,
    words: ReadonlySet<string>,
    index: RowIndex
  ): void => {
    index.take(
      { exact: exact as Hex, group: group as Hex, words, asked: '', answer, signature: undefined },
      { contribution: contribution as Hex, order, row }
    )
  }

  async function add(
    datanet: Hex,
    { contribution, order }: { contribution: Hex; order: number },
    list: readonly (readonly [number, Row])[]
  ): Promise<void> {
    let puts: (readonly [Collection<unknown>, string, unknown])[] = []
    const firsts = new Set<string>()
    let used = new Map<string, readonly WordUse[]>()
    /** A shard may have millions of words: what is to be written of them is not held for all. */
    const write = async (last?: (batch: Batch) => void): Promise<void> => {
      const [some, words] = [puts, used]
      ;[puts, used] = [[], new Map()]
      await store.batch(batch => {
        for (const [table, key, value] of some) batch.put(table, key, value)
        for (const [key, value] of words) batch.put(uses, key, value as z.infer<typeof wordRecord>)
        last?.(batch)
      })
    }
    const own = `${datanet}/${sequenceKey(order)}/`
    const count = (await counts.get(datanet)) ?? (await countOf(`${datanet}/`)) - (await countOf(own))
    for (const [row, content] of list) {
      const place = `${own}${sequenceKey(row)}`
      // A row stands there with all that belongs to it.
      if ((await rows.get(place))?.contribution === contribution) continue
      const { exact, group, words, answer } = printRow(content)
      puts.push([rows, place, { contribution, order, row, exact, group, words: [...words], answer }])
      const exactKey = `${datanet}/${exact}`
      const first = firsts.has(exactKey) ? '' : await exacts.get(exactKey)
      // Of rows that are equal the one of earliest authorship is whose they are.
      if (first === undefined || place < first) puts.push([exacts, exactKey, place])
      firsts.add(exactKey)
      let rarest: { readonly word: string; readonly uses: number } | undefined
      for (const word of words) {
        const useAt = useKey(datanet, word)
        const before: readonly WordUse[] = used.get(useAt) ?? (await uses.get(useAt)) ?? []
        const now = withUse(before, { order, row, answer })
        used.set(useAt, now)
        const known = now.length
        if (rarest === undefined || known < rarest.uses) rarest = { word, uses: known }
        puts.push([postings, `${posting(datanet, word, group)}${place.slice(67)}`, place])
        // Slips are looked for of words only that are in many rows: names, which are most, need no entries.
        if (isRigid(word) || before.length >= usesPerSlip || known < usesPerSlip) continue
        for (const variant of variants(word)) puts.push([slips, `${slipKey(datanet, variant)}${word}`, true])
      }
      if (rarest !== undefined) puts.push([parts, `${partKey(datanet, answer, rarest.word)}${place.slice(67)}`, place])
      if (puts.length + used.size >= mostHeld) await write()
    }
    await write(batch => {
      batch.put(counts, datanet, count + list.length)
      batch.put(done, `${datanet}/${contribution}`, true)
    })
  }

  async function forget(datanet: Hex): Promise<void> {
    await counts.delete(datanet)
    for (const table of tables) {
      let keys: string[] = []
      const flush = (): Promise<void> =>
        store.batch(batch => {
          for (const key of keys) batch.delete(table, key)
        })
      for await (const key of table.keys({ prefix: `${datanet}/` })) {
        if (keys.push(key) < 1000) continue
        await flush()
        keys = []
      }
      if (keys.length > 0) await flush()
    }
  }

  return {
    has: (datanet, contribution) => done.has(`${datanet}/${contribution}`),
    add: (datanet, of, list) => inTurn(datanet, () => add(datanet, of, list)),
    forget: datanet => inTurn(datanet, () => forget(datanet)),
    async like(datanet, list, nearDuplicate) {
      const index = new RowIndex(nearDuplicate)
      /** The words of each that is in the index. */
      const taken = new Map<string, ReadonlySet<string>>()
      const known = new Set<string>()
      const take = async (place: string | undefined): Promise<ReadonlySet<string> | undefined> => {
        const before = place === undefined ? undefined : taken.get(place)
        if (place === undefined || before !== undefined) return before
        const record = await rows.get(place)
        if (record === undefined) return undefined
        const words = new Set(record.words)
        taken.set(place, words)
        recall(record, words, index)
        return words
      }
      /** Of the words in which two rows differ, which rows have them. */
      const learn = async (print: RowPrint, words: ReadonlySet<string>): Promise<void> => {
        for (const slip of slipsBetween(print.words, words) ?? [])
          for (const word of [slip.mine, slip.theirs]) {
            if (known.has(word)) continue
            known.add(word)
            index.know(word, (await uses.get(useKey(datanet, word))) ?? [])
          }
      }
      for (const row of list) {
        const print = printRow(row)
        await take(await exacts.get(`${datanet}/${print.exact}`))
        for (const place of await candidates(datanet, print)) {
          const words = await take(place)
          if (words !== undefined) await learn(print, words)
        }
        for (const word of [...print.words].slice(0, mostPartWords))
          for await (const place of parts.values({ prefix: partKey(datanet, print.answer, word), limit: fewParts }))
            await take(place)
      }
      return index
    },
    async nearest(datanet, list, among) {
      const prints = list.map(printRow)
      const best: (NearRow | undefined)[] = prints.map(() => undefined)
      let seen = 0
      for await (const { contribution, row, words } of rows.values({
        prefix: `${datanet}/`,
        reverse: true,
        limit: among
      })) {
        const other = new Set(words)
        for (const [i, print] of prints.entries()) {
          const shared = overlap(print.words, other)
          if (shared > (best[i]?.overlap ?? 0)) best[i] = { contribution: contribution as Hex, row, overlap: shared }
        }
        if (++seen % slice === 0)
          await new Promise(resolve => {
            setImmediate(resolve)
          })
      }
      return best
    }
  }
}
