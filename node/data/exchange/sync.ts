import { z } from 'zod'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { dataMessage, rosterCertificate, signedWith } from '../../../protocol/data/index.ts'
import type { Because, ContributionStatements, DataMessage, RemovalRecord } from '../../../protocol/data/index.ts'
import { TilthError, bytes32, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Receiver } from './receive.ts'

// /tilth/data/sync/1: anti-entropy, by pulling. The asker names the Datanets whose documents it lacks, and says what it
// has of those it follows, page by page, as one short mark for each contribution that nobody has decided for it; the
// other answers with the messages behind what differs, the same ones as gossip's, and they are checked the same way.

/** Contributions compared in one page: 500 marks are some 15 KiB. */
const page = 500
/** Pages asked for of one Datanet in one comparison; the next comparison goes on where this one stopped. */
const mostPages = 8
/** Documents asked for at once: 12 KiB each at most. */
const mostDocuments = 64
/** Rejected ones that one comparison looks at: where their quorum was split, one that accepts takes their place. */
const refusedAtOnce = 200
/** Wrong messages from one peer before the comparison is broken off. */
const patience = 5

const mark = z.string().max(20)
/** Frames of the asker … */
export const syncRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('documents'), of: z.array(bytes32).min(1).max(mostDocuments) }),
  z.strictObject({
    kind: z.literal('contributions'),
    datanet: bytes32,
    marks: z.array(z.tuple([z.int().min(1), mark])).max(page)
  }),
  /** All that is known of removals from one index to another, both included. */
  z.strictObject({
    kind: z.literal('removals'),
    datanet: bytes32,
    from: z.int().min(1),
    to: z.int().min(1),
    marks: z.array(z.tuple([z.int().min(1), mark])).max(page)
  })
])
/** … and of who answers. */
export const syncReply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('message'), message: dataMessage }),
  z.strictObject({ kind: z.literal('done') })
])

/** Where a contribution stands, shortly: decided, or a hash over what has been heard of it. */
async function markOf(book: Book, datanet: Hex, index: number): Promise<string> {
  const record = await book.at(datanet, index)
  if (record?.state.name === 'accepted') return 'a'
  if (record?.state.name === 'rejected') return 'r'
  const { commits, votes } = record === undefined ? { commits: [], votes: [] } : await book.ballot(record.id)
  const heard = [...commits, ...votes].map(({ signature }) => signature).sort()
  const revealed = record !== undefined && 'statements' in record.state && record.state.statements !== undefined
  return keccak(`${revealed ? 1 : 0}${heard.join()}`).slice(2, 18)
}

/** What is known of a removal, shortly. */
const removalMark = ({ withdrawal, words }: RemovalRecord): string =>
  keccak([withdrawal?.signature ?? '', ...words.map(({ statement }) => statement.signature).sort()].join()).slice(2, 18)

const removalMessages = ({ withdrawal, words }: RemovalRecord): DataMessage[] => [
  ...(withdrawal === undefined ? [] : [{ kind: 'withdrawal', statement: withdrawal } as const]),
  ...words.map(word => ({ kind: 'take-down', word }) as const)
]

/** What was told with this vote: what its validator told with another one says nothing of it. */
async function reasonFor(book: Book, vote: Signed<'Vote'>): Promise<Because | undefined> {
  const why = await book.told.get(`${vote.message.contribution}/${vote.message.validator}`)
  return why !== undefined && signedWith([vote], why) !== undefined ? why : undefined
}

/** What there is to say of a contribution to somebody whose mark is another. */
async function messagesOf(book: Book, datanet: Hex, index: number, theirs: string): Promise<DataMessage[]> {
  const record = await book.at(datanet, index)
  const state = record?.state
  if (record === undefined || state === undefined || state.name === 'committed' || theirs === 'a') return []
  const hint = record.provider === undefined ? {} : { provider: record.provider }
  // Keys to private rows go with what they open, and a reveal without them is none.
  const isPrivate = (await book.datanet(datanet))?.document.rules.private !== undefined
  const isBare = ({ sealed }: ContributionStatements): boolean => isPrivate && sealed === undefined
  if (state.name === 'accepted' || state.name === 'rejected') {
    const { statements } = state
    // What a jury has said of it the chain tells.
    const certificate = rosterCertificate(state)
    if (certificate === undefined && (theirs === 'r' || isBare(statements))) return []
    if (certificate === undefined) return [{ kind: 'reveal', statements, ...hint }]
    const told = await Promise.all(certificate.votes.map(vote => reasonFor(book, vote)))
    const because = told.flatMap(why => why ?? [])
    return [{ kind: 'certificate', certificate, statements, ...(because.length > 0 ? { because } : {}), ...hint }]
  }
  if (state.statements === undefined || theirs === 'r' || isBare(state.statements)) return []
  const { commits, votes } = await book.ballot(record.id)
  return [
    { kind: 'reveal', statements: state.statements, ...hint },
    ...commits.map((statement): DataMessage => ({ kind: 'vote-commit', statement })),
    ...(await Promise.all(
      votes.map(async (statement): Promise<DataMessage> => {
        const because = await reasonFor(book, statement)
        return { kind: 'vote', statement, ...(because === undefined ? {} : { because }) }
      })
    ))
  ]
}

/** Answers whoever asks, until they have asked enough. */
export async function serveSync(stream: MessageStream, book: Book): Promise<void> {
  for await (const asked of stream.receive(syncRequest)) {
    if (asked.kind === 'documents') {
      for (const id of asked.of) {
        const document = (await book.datanet(id))?.document
        if (document !== undefined) await stream.send({ kind: 'message', message: { kind: 'datanet', document } })
      }
    } else if (asked.kind === 'removals') {
      const marks = new Map(asked.marks)
      for await (const { index, removal } of book.removals(asked.datanet, asked.from, -1)) {
        if (index > asked.to) break
        if (marks.get(index) === removalMark(removal)) continue
        for (const message of removalMessages(removal)) await stream.send({ kind: 'message', message })
      }
    } else {
      for (const [index, theirs] of asked.marks) {
        if ((await markOf(book, asked.datanet, index)) === theirs) continue
        for (const message of await messagesOf(book, asked.datanet, index, theirs))
          await stream.send({ kind: 'message', message })
      }
    }
    await stream.send({ kind: 'done' })
  }
}

/** What to ask a peer for. */
export interface Wanted {
  /** Datanets whose documents are missing here. */
  readonly documents: readonly Hex[]
  /** Datanets to compare notes about, each with the index of authorship to begin at. */
  readonly datanets: readonly (readonly [datanet: Hex, from: number])[]
  /** Where the next look at what was rejected in a Datanet begins. */
  readonly refused: { get(datanet: Hex): number | undefined; set(datanet: Hex, next: number): void }
  /** Where the next comparison about a Datanet begins: 1 once all of it was asked for. */
  readonly reached: (datanet: Hex, next: number) => void
}

/**
 * Asks one peer for what is missing here.
 * @throws TilthError `sync.bad-peer`, and as the stream's members
 */
export async function pullFrom(
  peer: string,
  wanted: Wanted,
  deps: Pick<DataDeps, 'streams' | 'log'>,
  book: Book,
  receiver: Receiver,
  signal: AbortSignal
): Promise<void> {
  const stream = await deps.streams.open(peer, '/tilth/data/sync/1', { signal })
  let wrong = 0

  async function ask(question: z.infer<typeof syncRequest>): Promise<void> {
    await stream.send(question)
    for (;;) {
      const answer = await stream.next(syncReply, { signal })
      if (answer === undefined || answer.kind === 'done') return
      try {
        await receiver.take(answer.message, stream.peerId)
      } catch (error) {
        if (!(error instanceof TilthError)) throw error
        deps.log.debug('a message from a comparison was not taken', { peer, kind: answer.message.kind, error })
        // [reject] Who hands on what breaks a rule has not checked it.
        if (error.consequence === 'reject' && ++wrong > patience)
          throw new TilthError('sync.bad-peer', 'a peer answers with messages that break the rules', {
            consequence: 'reject',
            cause: error
          })
      }
    }
  }

  async function compare(datanet: Hex, begin: number): Promise<void> {
    let from = begin
    for (let pages = 0; pages < mostPages; pages++) {
      const indices = await book.open(datanet, from, page)
      const marks: [number, string][] = []
      for (const index of indices) marks.push([index, await markOf(book, datanet, index)])
      if (marks.length > 0) await ask({ kind: 'contributions', datanet, marks })
      from = (indices.at(-1) ?? 0) + 1
      if (indices.length < page) return wanted.reached(datanet, 1)
    }
    wanted.reached(datanet, from)
  }

  /** One part of what was rejected after another, round by round: to a split that has healed it matters, else never. */
  async function compareRefused(datanet: Hex): Promise<void> {
    const indices = await book.refused(datanet, wanted.refused.get(datanet) ?? 1, refusedAtOnce)
    wanted.refused.set(datanet, indices.length < refusedAtOnce ? 1 : (indices.at(-1) ?? 0) + 1)
    if (indices.length > 0)
      await ask({ kind: 'contributions', datanet, marks: indices.map(index => [index, 'r'] as [number, string]) })
  }

  /** Removals are few: all of them are compared each time, a page of what is known here after another. */
  async function compareRemovals(datanet: Hex): Promise<void> {
    for (let from = 1, last = false; !last;) {
      const marks: [number, string][] = []
      for await (const { index, removal } of book.removals(datanet, from, page))
        marks.push([index, removalMark(removal)])
      last = marks.length < page
      const to = last ? Number.MAX_SAFE_INTEGER : (marks.at(-1)?.[0] ?? 0)
      await ask({ kind: 'removals', datanet, from, to, marks })
      from = to + 1
    }
  }

  try {
    for (let start = 0; start < wanted.documents.length; start += mostDocuments)
      await ask({ kind: 'documents', of: wanted.documents.slice(start, start + mostDocuments) })
    for (const [datanet, from] of wanted.datanets) {
      await compare(datanet, from)
      await compareRefused(datanet)
      await compareRemovals(datanet)
    }
    await stream.end()
  } catch (error) {
    await stream.fail(error)
    throw error
  }
}
