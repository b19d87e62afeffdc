import { foldText, searchWords } from '../../protocol/data/index.ts'
import { InvalidError, NotFoundError, bytes32, defaultPage } from '../../protocol/primitives/index.ts'
import type { Hex, Page } from '../../protocol/primitives/index.ts'
import { contributionView, datanetView, versionView } from './book/index.ts'
import type { Book } from './book/index.ts'
import type { Notes } from './exchange/index.ts'
import type { Interest } from './interest/index.ts'
import type { DataDeps } from './deps.ts'
import type { Rosters } from './rosters.ts'
import type { DataService, DatanetView, VersionView } from './types.ts'

/** Matches of a name or beginning that are told apart. */
const mostMatches = 10
/** Datanets that one call looks at for a search: the caller goes on with the cursor. */
const mostLookedAt = 2_000

/** What a search in the list of Datanets looks at. */
const textOf = ({ licence, rules: { name, description, tags = [] } }: DatanetView): string =>
  foldText([name, description, licence, ...tags].join(' '))

/** A page from one item more than it shows. */
function pageFrom<T>(items: readonly T[], limit: number, cursorOf: (item: T) => string): Page<T> {
  const shown = items.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown, next: items.length > limit && last !== undefined ? cursorOf(last) : null }
}

const notCursor = (): InvalidError =>
  new InvalidError('page.cursor', 'that is no cursor of this list', { help: 'Begin again without a cursor.' })

/** @throws InvalidError `page.cursor` */
function indexAfter(cursor: string | undefined): number {
  if (cursor === undefined) return 1
  // [reject] A cursor of these lists is a place in them.
  if (!/^[1-9][0-9]{0,14}$/.test(cursor)) throw notCursor()
  return Number(cursor) + 1
}

/** Lists of the data phase: each page costs what it shows. */
export function createLists(
  { chain, self }: Pick<DataDeps, 'chain' | 'self'>,
  book: Book,
  interest: Pick<Interest, 'has' | 'roles'>,
  rosters: Pick<Rosters, 'sitting'>,
  notes: Pick<Notes, 'document'>
): Pick<DataService, 'datanets' | 'findDatanet' | 'contributions' | 'contribution' | 'contributionIds' | 'versions'> {
  const view = (id: Hex): Promise<DatanetView | undefined> => datanetView(book, rosters, id, interest.roles(id))
  const versionCursor = ({ version }: Pick<VersionView, 'version'>): string => String(version)
  /** Versions of a Datanet that is not followed: the chain is asked for those that are shown. */
  async function fromChain(datanet: Hex, from: number, limit: number): Promise<VersionView[]> {
    const latest = (await book.listing(datanet))?.version ?? 0
    const views: VersionView[] = []
    for (let version = from; version <= latest && views.length < limit; version++) {
      const anchored = await chain.datanets.version(datanet, version)
      if (anchored === undefined) continue
      const { roster: _roster, ...view } = anchored
      views.push({ datanet, version, ...view })
    }
    return views
  }
  return {
    async datanets({ limit = defaultPage, cursor, search = '', tag } = {}) {
      // [reject] A cursor of this list is the id of a Datanet; it may have been forgotten meanwhile.
      if (cursor !== undefined && !bytes32.safeParse(cursor).success) throw notCursor()
      const words = searchWords(search)
      const wantedTag = tag === undefined ? undefined : foldText(tag)
      const matches = (net: DatanetView): boolean =>
        (wantedTag === undefined || (net.rules.tags ?? []).some(one => foldText(one) === wantedTag)) &&
        words.every(word => textOf(net).includes(word))
      const views: DatanetView[] = []
      let last = cursor
      for (let looked = 0; ;) {
        const ids = await book.datanets(last, limit + 1)
        for (const id of ids) {
          if (views.length === limit || looked === mostLookedAt) return { items: views, next: last ?? null }
          looked++
          last = id
          const found = await view(id)
          if (found !== undefined && matches(found)) views.push(found)
        }
        if (ids.length <= limit) return { items: views, next: null }
      }
    },
    async findDatanet(wanted) {
      const matches = await book.find(wanted, mostMatches)
      const exact = matches.find(id => id === wanted.toLowerCase())
      const only = exact ?? matches[0]
      if (only === undefined) {
        if (/^0x[0-9a-f]{64}$/i.test(wanted)) await notes.document(wanted.toLowerCase() as Hex)
        else
          throw new NotFoundError('datanet.unknown', `no Datanet is called ${wanted.slice(0, 100)}`, {
            help: 'See `tilth datanet list`; one just made elsewhere arrives within seconds.'
          })
      }
      if (exact === undefined && matches.length > 1)
        throw new InvalidError('datanet.ambiguous', `${wanted.slice(0, 100)} means several Datanets`, {
          help: `One of ${matches.join(', ')}.`
        })
      const found = await view(only ?? (wanted.toLowerCase() as Hex))
      if (found === undefined) throw new NotFoundError('datanet.unknown', `no Datanet ${wanted.slice(0, 100)}`)
      return found
    },
    async contributions(datanet, { limit = defaultPage, cursor, contributor } = {}) {
      // [reject] Of a Datanet that is not followed nothing is kept: an empty list would be a lie.
      if (!interest.has(datanet) && ((await book.listing(datanet))?.commitments ?? 0) > 0)
        throw new InvalidError(
          'datanet.not-followed',
          'this node does not follow the Datanet, so it keeps none of it',
          {
            help: 'Follow it (tilth datanet follow NAME), or ask a node that does.'
          }
        )
      const from = indexAfter(cursor)
      const records = contributor === undefined ? [] : await book.contributionsBy(datanet, contributor, from, limit + 1)
      if (contributor === undefined)
        for await (const record of book.contributions(datanet, from, limit + 1)) records.push(record)
      const { items, next } = pageFrom(records, limit, ({ index }) => String(index))
      const views = []
      for (const record of items) views.push(await contributionView(book, record, self))
      return { items: views, next }
    },
    async contribution(id) {
      const record = await book.contribution(id)
      return record === undefined ? undefined : contributionView(book, record, self)
    },
    contributionIds: beginning => book.contributionIds(beginning),
    async versions(datanet, { limit = defaultPage, cursor } = {}) {
      const from = indexAfter(cursor)
      if (!interest.has(datanet)) return pageFrom(await fromChain(datanet, from, limit + 1), limit, versionCursor)
      const records = await book.versions(datanet, from, limit + 1)
      const { items, next } = pageFrom(records, limit, versionCursor)
      return { items: items.map(versionView), next }
    }
  }
}
