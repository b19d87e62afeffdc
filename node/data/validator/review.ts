import { commitMs, outcomeCode, saidBy, totalWeight, weightIn } from '../../../protocol/data/index.ts'
import type { DatanetDocument, RowOutcome, Said, ShardLine, VoteReason } from '../../../protocol/data/index.ts'
import { InvalidError, defaultPage, pageOf } from '../../../protocol/primitives/index.ts'
import type { Address, PageRequest } from '../../../protocol/primitives/index.ts'
import { contributionView } from '../book/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { Interest } from '../interest/index.ts'
import type { Rosters } from '../rosters.ts'
import type { DataService, DoubleVoteView, ReviewItem, ReviewRow } from '../types.ts'
import { createSaid } from './shown.ts'
import type { Shown } from './shown.ts'
import type { Shards } from './shards.ts'

/** Open contributions of a Datanet that the queue looks at: they are voted on one after another. */
const openLookedAt = 200
/** Datanets, and open contributions in all, that a look at what is decided now goes through. */
const undecidedIn = { datanets: 256, contributions: 200 }
/** Double votes looked through: each costs a stake, so they are few. */
const evidenceLookedAt = 1_000

/** What a validator votes on, for its owner to see: the queue, and the rows of one with what they are most like. */
export function createReview(
  book: Book,
  shards: Pick<Shards, 'nearest'>,
  shown: Shown,
  interest: Pick<Interest, 'all' | 'roles'>,
  rosters: Pick<Rosters, 'deciding'>,
  startedAt: number
): Pick<DataService, 'undecided' | 'review' | 'reviewOf' | 'reviewRows' | 'doubleVotes'> {
  const reasonView = ({ reason, code }: VoteReason): Pick<ReviewItem, 'voteReason' | 'voteCode'> => ({
    ...(reason === '' ? {} : { voteReason: reason }),
    ...(code === undefined ? {} : { voteCode: code })
  })
  async function item(record: ContributionRecord, known: DatanetDocument): Promise<ReviewItem> {
    const { id, state } = record
    const net = await rosters.deciding(id, known)
    const verdict = await book.verdict(id)
    const { mine, commits, votes } = await book.ballot(id)
    const chosen = mine === undefined ? await book.chosen.get(id) : undefined
    const reason = await book.reasons.get(id)
    const { validators, name } = net.rules
    const weigh = (said: readonly { readonly message: { readonly validator: Address } }[]): number =>
      weightIn(
        validators,
        said.map(({ message }) => message.validator)
      )
    const by = (says: Said): number => weigh(votes.filter(({ message }) => saidBy(message) === says))
    return {
      ...(await contributionView(book, record)),
      datanetName: name,
      advice: verdict === undefined ? null : verdict.accept,
      vote: (mine === undefined ? chosen?.accept : saidBy(mine.message)) ?? null,
      undoUntil: chosen === undefined || chosen.released ? null : chosen.until,
      ...(reason === undefined ? {} : typeof reason === 'string' ? { voteReason: reason } : reasonView(reason)),
      accepting: by(true),
      rejecting: by(false),
      abstaining: by('abstain'),
      committed: weigh(commits),
      total: totalWeight(validators),
      closesAt: state.name === 'voting' ? Math.max(state.since, startedAt) + commitMs(net.rules) : null
    }
  }

  return {
    async undecided() {
      const items: ReviewItem[] = []
      for (const datanet of interest.all().slice(0, undecidedIn.datanets)) {
        const net = (await book.datanet(datanet))?.document
        if (net === undefined) continue
        const { passed } = await book.progress(datanet)
        for (const index of await book.open(datanet, passed + 1, undecidedIn.contributions - items.length)) {
          const record = await book.at(datanet, index)
          if (record !== undefined) items.push(await item(record, net))
        }
        if (items.length >= undecidedIn.contributions) break
      }
      return items
    },
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
      const { record, net } = await shown.must(id)
      return item(record, net)
    },
    async reviewRows(id, { limit = defaultPage, cursor } = {}) {
      const { record, net } = await shown.must(id)
      const lines = await shown.linesOf(record, net)
      const verdict = await book.verdict(id)
      const from = cursor === undefined ? 0 : Number(cursor)
      // [reject] A cursor of this list is the place of a row.
      if (!Number.isSafeInteger(from) || from < 0 || from > lines.length)
        throw new InvalidError('page.cursor', 'that is no cursor of this list', {
          help: 'Begin again without a cursor.'
        })
      const page = lines.slice(from, from + limit)
      const good = page.filter(line => 'row' in line)
      const nearest = await shards.nearest(
        record.datanet,
        good.map(({ row }) => row)
      )
      const near = new Map(good.map(({ line }, i) => [line, nearest[i]]))
      const say = createSaid(shown)
      const items: ReviewRow[] = []
      for (const [i, line] of page.entries()) {
        const outcome = verdict?.rows[from + i]
        const like = near.get(line.line)
        // Of a row that repeats one of its own file, that one; of any other, none of its own once it was accepted.
        const other =
          outcome?.kind === 'duplicate'
            ? { contribution: outcome.of, row: outcome.row, overlap: 1000 }
            : outcome?.kind === 'own' && outcome.like !== undefined
              ? { contribution: outcome.like.of, row: outcome.like.row, overlap: like?.overlap ?? 0 }
              : like?.contribution === id
                ? undefined
                : like
        const text = other === undefined ? undefined : await say(other.contribution, other.row)
        items.push({
          line: line.line,
          code: codeOf(line, outcome),
          messages: 'row' in line ? line.row.messages : null,
          nearest:
            other === undefined || text === undefined
              ? null
              : {
                  contribution: other.contribution,
                  overlap: other.overlap,
                  line: text.line,
                  messages: text.messages
                }
        })
      }
      const next = from + page.length
      return { items, next: next < lines.length ? String(next) : null }
    }
  }
}

function codeOf(line: ShardLine, outcome: RowOutcome | undefined): string {
  if ('code' in line) return line.code
  if (outcome?.kind === 'own' && outcome.like !== undefined) return 'paraphrase'
  return outcome === undefined ? 'unchecked' : outcomeCode(outcome)
}
