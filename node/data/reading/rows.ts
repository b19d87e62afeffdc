import { foldText, ownRows, requireOpen, searchWords } from '../../../protocol/data/index.ts'
import type { DatanetDocument, ShardLine, VersionEntry } from '../../../protocol/data/index.ts'
import { InvalidError, defaultPage } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { Notes } from '../exchange/index.ts'
import { leftOf } from '../host/left.ts'
import type { Interest } from '../interest/index.ts'
import type { Privacy } from '../private/index.ts'
import type { Rosters } from '../rosters.ts'
import type { AcceptedRow, DataService, RowsPage } from '../types.ts'
import type { Shards } from '../validator/index.ts'

/** Rows that one call reads for a search, and contributions that it passes: the caller goes on with the cursor. */
const rowsLookedAt = 5_000
const contributionsLookedAt = 500
/** Rows compared before the process may do something else. */
const slice = 500

/** The rows of one contribution that count, by their index in its shard; `place` is where it stands in the list. */
interface Span {
  readonly place: number
  readonly contribution: Hex
  readonly contributor: Address
  readonly cid: string
  readonly provider: Address | undefined
  readonly own: readonly number[]
  /** In a mix: the parent that it is of. */
  readonly datanet?: Hex | undefined
}

/** @throws InvalidError `page.cursor` */
function cursorOf(cursor: string): { place: number; at: number } {
  // [reject] A cursor of this list is a contribution's place, and a row's among its own.
  const [, place, at] = /^([0-9]{1,12})\.([0-9]{1,9})$/.exec(cursor) ?? []
  if (place === undefined || at === undefined)
    throw new InvalidError('page.cursor', 'that is no cursor of this list', { help: 'Begin again without a cursor.' })
  return { place: Number(place), at: Number(at) }
}

/** Accepted rows of a Datanet for people to read: of an anchored version, or of all that was accepted so far. */
export function createRows(
  book: Book,
  shards: Pick<Shards, 'linesOf'>,
  rosters: Pick<Rosters, 'deciding'>,
  interest: Pick<Interest, 'has'>,
  notes: Pick<Notes, 'document'>,
  manifest: DataService['manifest'],
  privacy: Pick<Privacy, 'judges'>
): Pick<DataService, 'acceptedRows'> {
  async function versionOf(datanet: Hex, wanted: number | undefined): Promise<number> {
    const version = wanted ?? (await book.listing(datanet))?.version ?? 0
    if (version === 0 && !interest.has(datanet))
      throw new InvalidError('datanet.not-followed', 'this node does not follow the Datanet, so it keeps none of it', {
        help: 'Follow it (tilth datanet follow NAME), or ask for an anchored version.'
      })
    return version
  }

  /** Entries of an anchored version that have not left since: what was withdrawn or taken down is shown to nobody. */
  async function entriesOf(datanet: Hex, version: number): Promise<readonly VersionEntry[]> {
    const made = await manifest(datanet, version)
    const left = await leftOf(book, made)
    return left.size === 0 ? made.entries : made.entries.filter(({ contribution }) => !left.has(contribution))
  }

  /** Accepted contributions from a place on. What is skipped costs as much as what is shown, so it is told too. */
  async function* spansOf(
    datanet: Hex,
    entries: readonly VersionEntry[] | undefined,
    from: number
  ): AsyncGenerator<Span | number> {
    if (entries !== undefined) {
      for (const [i, { contribution, contributor, cid, own, datanet: of }] of entries.slice(from).entries())
        yield {
          place: from + i,
          contribution,
          contributor,
          cid,
          provider: (await book.contribution(contribution))?.provider,
          own,
          datanet: of
        }
      return
    }
    for await (const { id, index, contributor, state, provider } of book.contributions(datanet, Math.max(1, from))) {
      const verdict = state.name === 'accepted' ? await book.verdict(id) : undefined
      if (state.name !== 'accepted' || verdict === undefined || (await book.removed(id)) !== undefined) yield index
      else
        yield {
          place: index,
          contribution: id,
          contributor,
          cid: state.statements.reveal.message.cid,
          provider,
          own: ownRows(verdict)
        }
    }
  }

  /** The place of the row with this number in an anchored version, and how many rows there are. */
  function placeIn(entries: readonly VersionEntry[], by: Address | undefined, wanted: number) {
    let total = 0
    let start: { place: number; at: number } | undefined
    for (const [place, { contributor, own }] of entries.entries()) {
      if (by !== undefined && contributor !== by) continue
      if (start === undefined && wanted < total + own.length) start = { place, at: wanted - total }
      total += own.length
    }
    return { start: start ?? { place: entries.length, at: 0 }, total }
  }

  async function linesOf(
    net: DatanetDocument,
    id: Hex,
    { cid, contribution, contributor, provider, datanet = id }: Span
  ): Promise<readonly ShardLine[]> {
    const of = datanet === id ? net : await notes.document(datanet)
    return shards.linesOf(await rosters.deciding(contribution, of), {
      contribution,
      contributor,
      cid,
      provider,
      datanet
    })
  }

  return {
    async acceptedRows(datanet, { limit = defaultPage, cursor, version: wanted, contributor, search, from } = {}) {
      const net = await notes.document(datanet)
      const version = await versionOf(datanet, wanted)
      // [reject] Who cannot check private rows knows none of them: an empty list would say that there are none.
      if (version === 0 && !(await privacy.judges(net, datanet)))
        requireOpen(net.rules, 'this node has no key to its rows')
      const words = searchWords(search ?? '')
      const entries = version > 0 ? await entriesOf(datanet, version) : undefined
      const numbered =
        entries !== undefined && words.length === 0 ? placeIn(entries, contributor, from ?? 0) : undefined
      if (from !== undefined && numbered === undefined)
        throw new InvalidError(
          'rows.from',
          'only the rows of an anchored version are numbered, where none is searched',
          {
            help: 'Go through them by the cursor instead.'
          }
        )
      const start = cursor === undefined ? (numbered?.start ?? { place: 0, at: 0 }) : cursorOf(cursor)
      const matches = (line: ShardLine): boolean => {
        if (words.length === 0 || !('row' in line)) return true
        const text = foldText(line.row.messages.map(({ content }) => content).join(' '))
        return words.every(word => text.includes(word))
      }
      const items: AcceptedRow[] = []
      const page = (next: string | null): RowsPage => ({ items, next, version, total: numbered?.total ?? null })
      let rows = 0
      let passed = 0
      for await (const span of spansOf(datanet, entries, start.place)) {
        const isNumber = typeof span === 'number'
        if (++passed > contributionsLookedAt) return page(`${isNumber ? span : span.place}.0`)
        if (isNumber || (contributor !== undefined && span.contributor !== contributor)) continue
        const lines = await linesOf(net, datanet, span)
        for (let at = span.place === start.place ? start.at : 0; at < span.own.length; at++) {
          if (items.length === limit || rows >= rowsLookedAt) return page(`${span.place}.${at}`)
          const row = span.own[at] ?? 0
          const line = lines[row]
          if (++rows % slice === 0)
            await new Promise(resolve => {
              setImmediate(resolve)
            })
          if (line === undefined || !('row' in line) || !matches(line)) continue
          items.push({
            contribution: span.contribution,
            contributor: span.contributor,
            row,
            line: line.line,
            messages: line.row.messages
          })
        }
      }
      return page(null)
    }
  }
}
