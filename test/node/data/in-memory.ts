import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import { commitmentOf, outcomeOf, voteCommitment } from '../../../protocol/data/index.ts'
import type {
  Certificate,
  ContributionMessage,
  ContributionStatements,
  DatanetDocument,
  DatanetRules
} from '../../../protocol/data/index.ts'
import { canonicalJson, contentHash, fromHex, keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { TrialRecord } from '../../../node/chain/types.ts'
import { createBook } from '../../../node/data/book/index.ts'
import type { Book } from '../../../node/data/book/index.ts'
import type { DataEvents } from '../../../node/data/index.ts'
import { createReceiver } from '../../../node/data/exchange/receive.ts'
import type { Receiver } from '../../../node/data/exchange/index.ts'
import { pullFrom, serveSync } from '../../../node/data/exchange/sync.ts'
import { createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'
import type { Collection, RangeOptions, Store } from '../../../node/store/index.ts'
import type { MessageStream, Streams } from '../../../node/transport/types.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import { rulesFor } from './network.ts'

// Peers of this phase that are nothing but their book and what they take in: thousands of schedules in seconds.

const registry = keccak('registry').slice(0, 42) as Hex
const network = { chainId: 31337, registry }
export const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
type Said<K extends ContributionMessage['kind']> = Extract<ContributionMessage, { kind: K }>
const keyOf = (name: string): Uint8Array => fromHex(keccak(name))

/** A store in memory: tables are maps, keys in order. */
export function memoryStore(): Store {
  const tables = new Map<string, Collection<unknown>>()
  function tableOf(name: string): Collection<unknown> {
    const rows = new Map<string, unknown>()
    let sorted: string[] | undefined
    const order = (): string[] => (sorted ??= [...rows.keys()].sort())
    function* range({ from = '', to, prefix = '', reverse = false, limit = -1 }: RangeOptions = {}): Generator<string> {
      const all = order()
      const least = from > prefix ? from : prefix
      let [low, high] = [0, all.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((all[middle] ?? '') < least) low = middle + 1
        else high = middle
      }
      const most = reverse || limit < 0 ? all.length : limit
      const found: string[] = []
      for (const key of all.slice(low, low + most)) {
        if (!key.startsWith(prefix) || (to !== undefined && key >= to)) break
        found.push(key)
      }
      if (reverse) found.reverse()
      yield* limit < 0 ? found : found.slice(0, limit)
    }
    const table: Collection<unknown> = {
      name,
      get: async key => rows.get(key),
      has: async key => rows.has(key),
      async put(key, value) {
        if (!rows.has(key)) sorted = undefined
        rows.set(key, value)
      },
      async delete(key) {
        if (rows.delete(key)) sorted = undefined
      },
      async *keys(options) {
        yield* range(options)
      },
      async *values(options) {
        for (const key of range(options)) yield rows.get(key)
      },
      async *entries(options) {
        for (const key of range(options)) yield [key, rows.get(key)]
      }
    }
    return table
  }
  return {
    collection<T>(name: string) {
      const table = tables.get(name) ?? tableOf(name)
      tables.set(name, table)
      return table as Collection<T>
    },
    async batch(fill) {
      const batch = {
        put: (table: Collection<never>, key: string, value: never) => (void table.put(key, value), batch),
        delete: (table: Collection<never>, key: string) => (void table.delete(key), batch)
      }
      fill(batch as unknown as Parameters<typeof fill>[0])
    },
    async *copy() {
      yield* []
    },
    scrub: async () => undefined,
    close: async () => undefined
  }
}

/** What went over a stream, each way, in bytes of canonical JSON. */
interface Traffic {
  asked: number
  answered: number
}

/** A stream to somebody who serves it, in this process. */
function streamTo(serve: (stream: MessageStream) => Promise<void>, traffic: Traffic): MessageStream {
  function half(count: (bytes: number) => void) {
    const waiting: unknown[] = []
    let wake: (() => void) | undefined
    const state = { ended: false }
    return {
      put: async (value: unknown) => {
        count(canonicalJson(value).length)
        waiting.push(value)
        wake?.()
      },
      end: () => {
        state.ended = true
        wake?.()
      },
      take: async (): Promise<unknown> => {
        if (waiting.length === 0 && !state.ended)
          await new Promise<void>(resolve => {
            wake = resolve
          })
        return waiting.shift()
      }
    }
  }
  const there = half(bytes => (traffic.asked += bytes))
  const back = half(bytes => (traffic.answered += bytes))
  const side = (out: typeof there, into: typeof there): MessageStream =>
    ({
      peerId: 'another',
      send: out.put,
      next: () => into.take(),
      async *receive() {
        for (let value = await into.take(); value !== undefined; value = await into.take()) yield value
      },
      end: async () => {
        out.end()
      },
      fail: async () => {
        out.end()
      }
    }) as unknown as MessageStream
  void serve(side(back, there)).finally(() => {
    back.end()
  })
  return side(there, back)
}

export interface MemoryPeer {
  /** What its chain tells of challenges. */
  readonly trials: Map<Hex, TrialRecord>
  readonly book: Book
  readonly receiver: Receiver
  /** Compares notes with another about one Datanet, as nodes do. @returns what went over */
  pull(other: MemoryPeer, datanet: Hex): Promise<Traffic>
}

export function memoryPeer(self: string, store = memoryStore()): MemoryPeer {
  const clock = manualClock()
  const book = createBook({ store, network })
  const trials = new Map<Hex, TrialRecord>()
  const ledger = {
    commitment: async () => undefined,
    datanet: async () => undefined,
    trial: async (id: Hex) => trials.get(id)
  }
  const chain = { ledger }
  const deps = { network, self: addressOfKey(keyOf(self)), chain, clock, events: createEvents<DataEvents>(silentLog) }
  const receiver = createReceiver(
    { ...deps, log: silentLog } as unknown as Parameters<typeof createReceiver>[0],
    book,
    0,
    {
      changed: () => undefined,
      datanet: async () => undefined,
      revealed: () => undefined,
      decided: async () => undefined,
      left: async () => undefined,
      overturned: async () => undefined,
      follows: () => true,
      doubleVote: () => undefined
    }
  )
  const refused = new Map<Hex, number>()
  return {
    book,
    receiver,
    trials,
    async pull(other, datanet) {
      const traffic: Traffic = { asked: 0, answered: 0 }
      const streams = {
        open: async () => streamTo(stream => serveSync(stream, other.book), traffic)
      } as unknown as Streams
      const at = { from: 1 }
      do {
        const wanted = {
          documents: [],
          datanets: [[datanet, at.from] as const],
          refused,
          reached: (_: Hex, next: number) => {
            at.from = next
          }
        }
        await pullFrom('another', wanted, { streams, log: silentLog }, book, receiver, AbortSignal.timeout(60_000))
      } while (at.from > 1)
      return traffic
    }
  }
}

/** A Datanet as a peer knows it, that nobody has to look up. */
export function datanetOf(validators: readonly string[], changes: Partial<DatanetRules> = {}) {
  const rules: DatanetRules = {
    ...rulesFor(validators.map(name => addressOfKey(keyOf(name)))),
    heldOut: cid,
    ...changes
  }
  const host = keyOf('host')
  const message = { host: addressOfKey(host), rules: contentHash(rules), createdAt: 1n }
  const document: DatanetDocument = { statement: signStatement(network, 'Datanet', message, host), rules }
  return { id: digest(network, 'Datanet', message), document }
}

/** A contribution with both of its statements. */
export function contributionTo(
  datanet: Hex,
  name: string,
  bytes = 100
): { id: Hex; statements: ContributionStatements } {
  const contributor = addressOfKey(keyOf(name))
  const content = { cid, rows: 3, bytes, salt: keccak(name) }
  const message = {
    datanet,
    contributor,
    commitment: commitmentOf({ datanet, contributor, ...content }),
    ...agreedTo()
  }
  const id = digest(network, 'Commitment', message)
  return {
    id,
    statements: {
      commitment: signStatement(network, 'Commitment', message, keyOf(name)),
      reveal: signStatement(network, 'Reveal', { contribution: id, ...content }, keyOf(name))
    }
  }
}

/** A validator's commitment to a vote, and the vote. */
export function votePair(
  name: string,
  contribution: Hex,
  accept: boolean,
  own: readonly number[]
): [Said<'vote-commit'>, Said<'vote'>] {
  const validator = addressOfKey(keyOf(name))
  const outcome = outcomeOf({ contribution, cid, own: [...own] }, accept)
  const vote = { contribution, validator, accept, outcome, salt: keccak(`${name} ${accept} ${own.join()}`) }
  const commit = { contribution, validator, commitment: voteCommitment(vote) }
  return [
    { kind: 'vote-commit', statement: signStatement(network, 'VoteCommit', commit, keyOf(name)) },
    { kind: 'vote', statement: signStatement(network, 'Vote', vote, keyOf(name)) }
  ]
}

/** A challenge that is over: what a jury of so many names has said. */
export function trialOf(
  contribution: Hex,
  datanet: Hex,
  accept: boolean,
  own: readonly number[],
  names: readonly string[]
): TrialRecord {
  const votes = names.map(name => votePair(name, contribution, accept, own)[1].statement)
  const jury = names.map(name => addressOfKey(keyOf(name)))
  const outcome = accept ? outcomeOf({ contribution, cid, own: [...own] }, true) : zeroHash
  return {
    contribution,
    datanet,
    challenger: addressOfKey(keyOf('challenger')),
    reason: 'it is wrong',
    accepted: !accept,
    outcome: zeroHash,
    deposit: 1n,
    drawFrom: 1n,
    size: jury.length,
    candidates: jury,
    jury,
    commitEnds: 1n,
    revealEnds: 2n,
    committed: jury,
    votes: votes.map(({ message: { validator: juror, accept: says, outcome: found, salt }, signature }) => ({
      juror,
      accept: says,
      outcome: found,
      salt,
      signature
    })),
    absent: [],
    closed: { decided: accept ? 'accepted' : 'rejected', outcome, returned: 1n, burnt: 0n, block: 9n },
    block: 5n
  }
}

/**
 * Two peers that know the same contributions, all of them decided, but that one has not heard so many of the
 * certificates: compares their notes. @returns what went over @throws Error if something is missing still
 */
export async function compareNotes(
  all: number,
  missing: number,
  [full, behind]: readonly Store[]
): Promise<Traffic & { readonly seconds: number }> {
  const names = ['validator 0', 'validator 1', 'validator 2']
  const { id: datanet, document } = datanetOf(names)
  const [knows, lacks] = [memoryPeer('full', full), memoryPeer('behind', behind)]
  for (const { book } of [knows, lacks]) await book.putDatanet(datanet, { document, seenAt: 0 }, true)
  const certificateOf = (contribution: Hex, voters: readonly string[]): Certificate => ({
    contribution,
    accept: true,
    outcome: outcomeOf({ contribution, cid, own: [0] }, true),
    votes: voters
      .map(name => votePair(name, contribution, true, [0])[1].statement)
      .sort((a, b) => (a.message.validator < b.message.validator ? -1 : 1))
  })
  // Of those that are there already nobody looks at the signatures again: one stands for all of them.
  const there = contributionTo(datanet, 'author').statements
  const known = certificateOf(there.reveal.message.contribution, names.slice(0, 1))
  const every = Math.floor(all / missing)
  for (let index = 1; index <= all; index++) {
    const isMissing = index % every === 0 && index / every <= missing
    const made = isMissing
      ? contributionTo(datanet, `author ${index}`)
      : { id: keccak(`id ${index}`), statements: there }
    const { contributor, commitment } = made.statements.commitment.message
    const record = { id: made.id, datanet, index, contributor, commitment, block: 1n, seenAt: 1 }
    const certificate = isMissing ? certificateOf(made.id, names) : known
    const accepted = { ...record, state: { name: 'accepted' as const, certificate, statements: made.statements } }
    await knows.book.putContribution(accepted)
    await lacks.book.putContribution(isMissing ? { ...record, state: { name: 'committed', at: 1 } } : accepted)
  }
  const began = performance.now()
  const traffic = await lacks.pull(knows, datanet)
  const seconds = (performance.now() - began) / 1000
  const { accepted } = await lacks.book.progress(datanet)
  if (accepted !== all) throw new Error(`${accepted} of ${all} are accepted`)
  return { ...traffic, seconds }
}
