import { z } from 'zod'
import { dataMessage } from '../../../protocol/data/index.ts'
import type { DataMessage } from '../../../protocol/data/index.ts'
import { TilthError, bytes32, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Receiver } from './receive.ts'

// /tilth/data/sync/1: anti-entropy, by pulling. The asker says what it has, Datanet by Datanet and page by page, as one
// short mark for each contribution; the other answers with the messages behind what differs, the same ones as gossip's,
// and they are checked the same way.

/** Contributions compared in one page: 500 marks are some 10 KiB. */
const page = 500
/** Wrong messages from one peer before the comparison is broken off. */
const patience = 5

const mark = z.string().max(20)
const request = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('datanets'), have: z.array(bytes32).max(5000) }),
  z.strictObject({
    kind: z.literal('contributions'),
    datanet: bytes32,
    from: z.int().min(1),
    marks: z.array(mark).max(page)
  })
])
const reply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('message'), message: dataMessage }),
  z.strictObject({ kind: z.literal('done') })
])

/** Where a contribution stands, shortly: decided, or a hash over what has been heard of it. */
function markOf(book: Book, id: Hex): string {
  const state = book.contribution(id)?.state
  if (state?.name === 'accepted') return 'a'
  if (state?.name === 'rejected') return 'r'
  const { commits, votes } = book.ballot(id)
  const heard = [...commits, ...votes].map(({ signature }) => signature).sort()
  return keccak(
    `${state !== undefined && 'statements' in state && state.statements !== undefined ? 1 : 0}${heard.join()}`
  ).slice(2, 18)
}

/** What there is to say of a contribution to somebody whose mark is another. */
function messagesOf(book: Book, id: Hex, theirs: string): DataMessage[] {
  const record = book.contribution(id)
  const state = record?.state
  if (state === undefined || state.name === 'committed' || theirs === 'a') return []
  const hint = record?.provider === undefined ? {} : { provider: record.provider }
  if (state.name === 'accepted' || state.name === 'rejected')
    return [{ kind: 'certificate', certificate: state.certificate, statements: state.statements, ...hint }]
  if (state.statements === undefined || theirs === 'r') return []
  const { commits, votes } = book.ballot(id)
  return [
    { kind: 'reveal', statements: state.statements, ...hint },
    ...commits.map((statement): DataMessage => ({ kind: 'vote-commit', statement })),
    ...votes.map((statement): DataMessage => ({ kind: 'vote', statement }))
  ]
}

/** Answers whoever asks, until they have asked enough. */
export async function serveSync(stream: MessageStream, book: Book): Promise<void> {
  for await (const asked of stream.receive(request)) {
    const messages: DataMessage[] = []
    if (asked.kind === 'datanets') {
      const have = new Set(asked.have)
      for (const [id, { document }] of book.datanets()) if (!have.has(id)) messages.push({ kind: 'datanet', document })
    } else {
      const all = book.contributions(asked.datanet)
      for (const [i, theirs] of asked.marks.entries()) {
        const found = all.find(([, { index }]) => index === asked.from + i)
        if (found !== undefined && markOf(book, found[0]) !== theirs)
          messages.push(...messagesOf(book, found[0], theirs))
      }
    }
    for (const message of messages) await stream.send({ kind: 'message', message })
    await stream.send({ kind: 'done' })
  }
}

/**
 * Asks one peer for everything that is missing here.
 * @throws TilthError `sync.bad-peer`, and as the stream's members
 */
export async function pullFrom(
  peer: string,
  deps: Pick<DataDeps, 'streams' | 'log'>,
  book: Book,
  receiver: Receiver,
  signal: AbortSignal
): Promise<void> {
  const stream = await deps.streams.open(peer, '/tilth/data/sync/1', { signal })
  let wrong = 0

  async function ask(question: z.infer<typeof request>): Promise<void> {
    await stream.send(question)
    for (;;) {
      const answer = await stream.next(reply, { signal })
      if (answer === undefined || answer.kind === 'done') return
      try {
        await receiver.take(answer.message, peer)
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

  try {
    await ask({ kind: 'datanets', have: [...book.datanets().keys()].slice(0, 5000) })
    for (const datanet of book.datanets().keys()) {
      const all = book.contributions(datanet)
      for (let start = 0; start < all.length; start += page) {
        const part = all.slice(start, start + page)
        // Nothing to ask about what was accepted here: that cannot change.
        if (part.every(([, { state }]) => state.name === 'accepted')) continue
        await ask({
          kind: 'contributions',
          datanet,
          from: part[0]?.[1].index ?? 1,
          marks: part.map(([id]) => markOf(book, id))
        })
      }
    }
    await stream.end()
  } catch (error) {
    await stream.fail(error)
    throw error
  }
}
