import { isDecided, isUnread, ownRows } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Rosters } from '../rosters.ts'
import type { ContributionView, DatanetView, VersionView } from '../types.ts'
import type { Book } from './book.ts'
import type { ContributionRecord, DatanetRole, VersionRecord } from './records.ts'

/** Of a Datanet that is followed by what this node found itself, of another by what the chain says. */
export async function datanetView(
  book: Book,
  rosters: Pick<Rosters, 'sitting'>,
  id: Hex,
  roles: readonly DatanetRole[]
): Promise<DatanetView | undefined> {
  const document = (await book.datanet(id))?.document
  if (document === undefined) return undefined
  const { host, licence, rules } = await rosters.sitting(id, document)
  const listing = await book.listing(id)
  // A mix has accepted what stands in its latest version: that is the chain's to tell, and it goes by no book.
  const progress = roles.length > 0 && document.rules.parents === undefined ? await book.progress(id) : undefined
  const { createdAt } = document.statement.message
  const gone = progress === undefined ? undefined : await book.gone(id)
  const rows = progress === undefined || progress.accepted === 0 ? 0 : await book.acceptedRows(id)
  return {
    id,
    host,
    rules,
    licence,
    createdAt: Number(createdAt) * 1000,
    contributions:
      progress?.contributions ?? (document.rules.parents === undefined ? listing?.commitments : listing?.count) ?? 0,
    accepted: progress === undefined ? (listing?.count ?? 0) : progress.accepted - (gone?.contributions ?? 0),
    left: gone?.contributions ?? null,
    rows: gone === undefined || rows === undefined ? null : Math.max(0, rows - gone.rows),
    latestVersion: listing?.version ?? 0,
    roles
  }
}

async function reasonOf(book: Book, { id, state }: ContributionRecord): Promise<string | undefined> {
  if (state.name === 'expired') return (await book.withdrawn.has(id)) ? 'withdrawn' : state.reason
  if (state.name !== 'rejected') return undefined
  const verdict = await book.verdict(id)
  return verdict === undefined || verdict.accept ? 'by-vote' : verdict.reason
}

/** Only the node that brought it in has its reveal and its shard to take back. */
export const isBroughtBy = (self: Address, { contributor, provider }: ContributionRecord): boolean =>
  contributor === self || provider === self

async function withdrawalOf(
  book: Book,
  record: ContributionRecord,
  self: Address
): Promise<ContributionView['withdrawal']> {
  const { id, state } = record
  if (await book.withdrawn.has(id)) return 'done'
  if (state.name === 'accepted') {
    if ((await book.removed(id)) !== undefined) return 'done'
    return record.contributor === self ? 'possible' : undefined
  }
  if (isDecided(state)) return undefined
  const isShown = 'statements' in state && isBroughtBy(self, record)
  return isShown || (await book.outbox.has(id)) ? 'possible' : undefined
}

/** @param self whose node it is, where its owner may take back what it brought in */
export async function contributionView(
  book: Book,
  record: ContributionRecord,
  self?: Address
): Promise<ContributionView> {
  const { id, datanet, index, contributor, state } = record
  const verdict = await book.verdict(id)
  const reason = await reasonOf(book, record)
  const removed = await book.removed(id)
  const withdrawal = self === undefined ? undefined : await withdrawalOf(book, record, self)
  return {
    id,
    datanet,
    index,
    contributor,
    seenAt: record.seenAt,
    cid: 'statements' in state ? (state.statements?.reveal.message.cid ?? null) : null,
    status: state.name,
    rows: 'statements' in state ? (state.statements?.reveal.message.rows ?? 0) : 0,
    own: verdict === undefined || isUnread(verdict) ? null : ownRows(verdict).length,
    ...(reason === undefined ? {} : { reason }),
    checks: verdict?.checks ?? [],
    rowIssues: verdict?.issues ?? [],
    ...(withdrawal === undefined ? {} : { withdrawal }),
    ...(removed === undefined ? {} : { removed })
  }
}

export const versionView = ({ block: _block, ...view }: VersionRecord): VersionView => view
