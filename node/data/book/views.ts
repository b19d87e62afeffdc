import { isDecided, ownRows } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from './book.ts'
import type { ContributionRecord } from './records.ts'
import type { ContributionView, ContributorRank, DatanetView } from '../types.ts'

export function datanetView(book: Book, id: Hex): DatanetView | undefined {
  const document = book.datanet(id)?.document
  if (document === undefined) return undefined
  const all = book.contributions(id)
  const { host, createdAt } = document.statement.message
  return {
    id,
    host,
    rules: document.rules,
    createdAt: Number(createdAt) * 1000,
    contributions: all.length,
    accepted: all.filter(([, { state }]) => state.name === 'accepted').length,
    latestVersion: book.versions(id).at(-1)?.version ?? 0
  }
}

function reasonOf(book: Book, id: Hex, { state }: ContributionRecord): string | undefined {
  if (state.name === 'expired') return state.reason
  const verdict = book.verdict(id)
  if (state.name === 'rejected') return verdict === undefined || verdict.accept ? 'by-vote' : verdict.reason
  return undefined
}

export function contributionView(book: Book, id: Hex): ContributionView | undefined {
  const record = book.contribution(id)
  if (record === undefined) return undefined
  const { datanet, index, contributor, state } = record
  const verdict = book.verdict(id)
  const reason = reasonOf(book, id, record)
  return {
    id,
    datanet,
    index,
    contributor,
    status: state.name,
    rows: 'statements' in state ? (state.statements?.reveal.message.rows ?? 0) : 0,
    own: verdict === undefined ? 0 : ownRows(verdict).length,
    ...(reason === undefined ? {} : { reason }),
    checks: verdict?.checks ?? [],
    rowIssues: verdict?.issues ?? []
  }
}

/**
 * Contributors of a Datanet by what was accepted of them: contributions, then rows; who came first stands first among
 * equals.
 */
export function rank(book: Book, datanet: Hex): ContributorRank[] {
  const ranks = new Map<string, ContributorRank>()
  for (const [id, { contributor, state }] of book.contributions(datanet)) {
    const { accepted, decided, ownRows } = ranks.get(contributor) ?? { accepted: 0, decided: 0, ownRows: 0 }
    const isAccepted = state.name === 'accepted'
    ranks.set(contributor, {
      contributor,
      accepted: accepted + (isAccepted ? 1 : 0),
      decided: decided + (isDecided(state) ? 1 : 0),
      ownRows: ownRows + (isAccepted ? (contributionView(book, id)?.own ?? 0) : 0)
    })
  }
  return [...ranks.values()].sort((a, b) => b.accepted - a.accepted || b.ownRows - a.ownRows)
}
