import { weightOf } from '../../../protocol/data/index.ts'
import type { DatanetDocument, RowOutcome, ShardLine } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError, defaultPage, pageOf } from '../../../protocol/primitives/index.ts'
import type { Address, Hex, PageRequest } from '../../../protocol/primitives/index.ts'
import { contributionView } from '../book/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { Interest } from '../interest/index.ts'
import type { DataService, DoubleVoteView, ReviewItem, ReviewRow } from '../types.ts'
import type { Shards } from './shards.ts'

/** Open contributions of a Datanet that the queue looks at: they are voted on one after another. */
const openLookedAt = 200
/** Double votes looked through: each costs a stake, so they are few. */
const evidenceLookedAt = 1_000

/** What a validator votes on, for its owner to see: the queue, and the rows of one with what they are most like. */
export function createReview(
  book: Book,
  shards: Pick<Shards, 'linesOf' | 'nearest'>,
  interest: Pick<Interest, 'all' | 'roles'>,
  startedAt: number
): Pick<DataService, 'review' | 'reviewOf' | 'reviewRows' | 'doubleVotes'> {
  async function item(record: ContributionRecord, net: DatanetDocument): Promise<ReviewItem> {
    const { id, state } = record
    const verdict = await book.verdict(id)
    const { mine, commits, votes } = await book.ballot(id)
    const reason = await book.reasons.get(id)
    const { validators, voteSeconds, name } = net.rules
    const weigh = (addresses: readonly Address[]): number =>
      [...new Set(addresses)].reduce((sum, address) => sum + weightOf(validators, address), 0)
    const by = (accept: boolean): number =>
      weigh(votes.filter(({ message }) => message.accept === accept).map(({ message }) => message.validator))
    return {
      ...(await contributionView(book, record)),
      datanetName: name,
      advice: verdict === undefined ? null : verdict.accept,
      vote: mine === undefined ? null : mine.message.accept,
      ...(reason === undefined ? {} : { voteReason: reason }),
      accepting: by(true),
      rejecting: by(false),
      committed: weigh(commits.map(({ message }) => message.validator)),
      total: weigh(validators.map(({ address }) => address)),
      closesAt: state.name === 'voting' ? Math.max(state.since, startedAt) + voteSeconds * 1000 : null
    }
  }

  async function must(id: Hex): Promise<{ record: ContributionRecord; net: DatanetDocument }> {
    const record = await book.contribution(id)
    const net = record === undefined ? undefined : (await book.datanet(record.datanet))?.document
    if (record === undefined || net === undefined)
      throw new NotFoundError('contribution.unknown', 'this contribution is not known here', {
        help: 'See `tilth review list`.'
      })
    return { record, net }
  }

  /** Lines of a shard that was shown. @throws InvalidError `contribution.not-shown` · as files.fetchBytes */
  async function linesOf(record: ContributionRecord, net: DatanetDocument): Promise<readonly ShardLine[]> {
    const { state } = record
    if (!('statements' in state) || state.statements === undefined)
      throw new InvalidError('contribution.not-shown', 'this contribution was not shown to anybody yet', {
        help: 'Its rows follow its commitment within seconds, or it ends without them.'
      })
    return shards.linesOf(net, state.statements.reveal.message.cid, record.provider)
  }

  /** What an accepted row says; undefined where its shard is not to be had now. */
  async function said(contribution: Hex, row: number, lines: Map<Hex, readonly ShardLine[]>) {
    if (!lines.has(contribution)) {
      const { record, net } = await must(contribution)
      lines.set(contribution, await linesOf(record, net).catch(() => []))
    }
    const line = lines.get(contribution)?.[row]
    return line !== undefined && 'row' in line ? { line: line.line, messages: line.row.messages } : undefined
  }

  return {
    async review(request: PageRequest = {}) {
      const items: ReviewItem[] = []
      for (const datanet of interest.all()) {
        const net = (await book.datanet(datanet))?.document
        if (net === undefined || !interest.roles(datanet).includes('validator')) continue
        const { passed } = await book.progress(datanet)
        for (const index of await book.open(datanet, passed + 1, openLookedAt)) {
          const record = await book.at(datanet, index)
          if (record?.state.name === 'revealed' || record?.state.name === 'voting') items.push(await item(record, net))
        }
      }
      return pageOf(items, request, ({ id }) => id)
    },
    async doubleVotes(datanet) {
      const seen: DoubleVoteView[] = []
      for await (const { evidence, reported } of book.allEvidence(evidenceLookedAt)) {
        const { contribution, validator } = evidence.first.message
        if ((await book.contribution(contribution))?.datanet === datanet)
          seen.push({ contribution, validator, reported })
      }
      return seen
    },
    async reviewOf(id) {
      const { record, net } = await must(id)
      return item(record, net)
    },
    async reviewRows(id, { limit = defaultPage, cursor } = {}) {
      const { record, net } = await must(id)
      const lines = await linesOf(record, net)
      const verdict = await book.verdict(id)
      const from = cursor === undefined ? 0 : Number(cursor)
      // [reject] A cursor of this list is the place of a row.
      if (!Number.isSafeInteger(from) || from < 0 || from > lines.length)
        throw new InvalidError('page.cursor', 'that is no cursor of this list', {
          help: 'Begin again without a cursor.'
        })
      const shown = lines.slice(from, from + limit)
      const good = shown.filter(line => 'row' in line)
      const nearest = await shards.nearest(
        record.datanet,
        good.map(({ row }) => row)
      )
      const near = new Map(good.map(({ line }, i) => [line, nearest[i]]))
      const texts = new Map<Hex, readonly ShardLine[]>()
      const items: ReviewRow[] = []
      for (const [i, line] of shown.entries()) {
        const outcome = verdict?.rows[from + i]
        const found =
          outcome?.kind === 'duplicate' && outcome.of !== id
            ? { contribution: outcome.of, row: outcome.row, overlap: 1000 }
            : near.get(line.line)
        const other = found === undefined || found.contribution === id ? undefined : found
        const text = other === undefined ? undefined : await said(other.contribution, other.row, texts)
        items.push({
          line: line.line,
          code: codeOf(line, outcome),
          messages: 'row' in line ? line.row.messages : null,
          nearest:
            other === undefined || text === undefined
              ? null
              : { contribution: other.contribution, overlap: other.overlap, ...text }
        })
      }
      const next = from + shown.length
      return { items, next: next < lines.length ? String(next) : null }
    }
  }
}

function codeOf(line: ShardLine, outcome: RowOutcome | undefined): string {
  if ('code' in line) return line.code
  switch (outcome?.kind) {
    case 'own':
    case 'held-out':
      return outcome.kind
    case 'duplicate':
      return outcome.exact ? 'duplicate' : 'near-duplicate'
    case 'invalid':
      return outcome.code
    case undefined:
      return 'unchecked'
  }
}
