import {
  HeldOut,
  batchFault,
  parseHeldOut,
  printRow,
  sealBatch,
  writersKey,
  writersOf
} from '../../../protocol/data/index.ts'
import type { DatanetDocument, Row, SealTarget } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { BatchRecord, DatanetRecord } from '../../chain/types.ts'
import { bytesOf, requireTakes } from '../contributor/contribute.ts'
import { createCache } from '../../runtime/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Rosters } from '../rosters.ts'
import type { Shards, Shown } from '../validator/index.ts'
import type { Sealed } from './sealed.ts'
import type { BatchState, BatchView, JudgingView, QuestionsService } from './types.ts'

/** Of the newest batches those that are looked at, and of each writer's those that are shown or spoken on. */
const mostLookedAt = 200
const mostOfOne = 8
/** Asked ones that are shown, or spoken on in one go. */
const mostAsked = 50
/** How long what was found in one is not looked for again. */
const lookAgainMs = 60_000

export interface Questions extends Omit<QuestionsService, 'versionQuestions' | 'questionSeats' | 'bringQuestions'> {
  /** Those of a Datanet's newest that its sitting roster may still accept, each writer's newest. */
  asked(datanet: Hex): Promise<readonly BatchRecord[]>
  /** What this validator's checks find in one that it can read. */
  faultOf(batch: BatchRecord): Promise<BatchView['fault']>
}

/** Sealed questions as they are written, shown, agreed to and opened. */
export function createQuestions(
  { chain, clock, key: privateKey, self }: Pick<DataDeps, 'chain' | 'clock' | 'key' | 'self'>,
  sealed: Sealed,
  judging: Pick<QuestionsService, 'versionQuestions'>,
  shards: Pick<Shards, 'heldOut' | 'nearest'>,
  shown: Pick<Shown, 'said'>,
  rosters: Pick<Rosters, 'sitting'>,
  document: (datanet: Hex) => Promise<DatanetDocument>
): Questions {
  const { ledger } = chain
  const looked = createCache<Hex, { fault: BatchView['fault'] }>({ max: mostLookedAt, forMs: lookAgainMs, clock })

  /** That what this node has done is in its own lists. */
  const readBack = (): Promise<void> => ledger.caughtUp({ consumers: true }).catch(() => undefined)

  async function must(datanet: Hex, id: Hex): Promise<BatchRecord> {
    const known = await ledger.batch(id)
    if (known?.datanet === datanet) return known
    throw new NotFoundError('batch.unknown', 'no such questions were put', {
      help: '`tilth datanet held-out list NAME` shows those that were.'
    })
  }

  /** Seats that were only weighed anew are asked still. */
  const isAsked = async ({ accepted, datanet, roster }: BatchRecord, known: DatanetRecord | undefined) =>
    accepted === null && known !== undefined && ledger.sameSeats(datanet, roster, known.roster)

  /** The newest, each writer's newest of them: whoever puts many hides no other's. */
  async function newest(datanet: Hex): Promise<readonly BatchRecord[]> {
    const counts = new Map<Address, number>()
    const { items } = await ledger.batches(datanet, { reverse: true, limit: mostLookedAt })
    return items.filter(({ writer }) => {
      const nth = (counts.get(writer) ?? 0) + 1
      counts.set(writer, nth)
      return nth <= mostOfOne
    })
  }

  async function stateOf(batch: BatchRecord, total: bigint, known: DatanetRecord | undefined): Promise<BatchState> {
    const { accepted, against, datanet, key } = batch
    if (accepted === null)
      return !(await isAsked(batch, known)) ? 'void' : against * 3n >= total && total > 0n ? 'refused' : 'asked'
    if (key !== null) return (known?.version ?? 0) > accepted.version ? 'spent' : 'open'
    const due = await ledger.batchesDue(datanet, accepted.version)
    if (due === undefined) return 'sealed'
    return (ledger.head()?.timestamp ?? 0n) > due.until ? 'lost' : 'due'
  }

  /** Which of these questions some accepted row asks. */
  async function answeredOf(datanet: Hex, rows: readonly Row[]): Promise<ReadonlySet<number>> {
    const near = await shards.nearest(datanet, rows)
    const answered = new Set<number>()
    for (const [i, row] of rows.entries()) {
      const found = near[i]
      const said = found === undefined ? undefined : await shown.said(found.contribution, found.row)
      if (said !== undefined && new HeldOut([row]).leaks(printRow({ messages: [...said.messages] })) !== undefined)
        answered.add(i)
    }
    return answered
  }

  /** The founder's, and those of every other batch that this node can read. */
  async function othersOf({ datanet, id, place }: BatchRecord): Promise<HeldOut> {
    const rows: Row[] = [...(await shards.heldOut(datanet)).rows]
    for (const other of await newest(datanet))
      if (other.id !== id && (other.accepted !== null || other.place < place))
        rows.push(...((await sealed.rowsOf(other)) ?? []))
    return new HeldOut(rows)
  }

  async function faultOf(batch: BatchRecord): Promise<BatchView['fault']> {
    const known = looked.get(batch.id)
    if (known !== undefined) return known.fault
    const fault = await lookAt(batch)
    looked.set(batch.id, { fault })
    return fault
  }

  async function lookAt(batch: BatchRecord): Promise<BatchView['fault']> {
    const rows = await sealed.rowsOf(batch)
    if (rows === undefined) return null
    if (rows.length === 0) return { fault: 'unreadable' }
    const { rules } = await rosters.sitting(batch.datanet, await document(batch.datanet))
    return (
      batchFault({
        rows,
        rules,
        sealedToAll: await sealed.isSealedToAll(batch),
        others: await othersOf(batch),
        answered: await answeredOf(batch.datanet, rows)
      }) ?? null
    )
  }

  async function viewOf(batch: BatchRecord, known: DatanetRecord | undefined): Promise<BatchView> {
    const { id, datanet, writer, accepted, consent, against, spoke, roster } = batch
    const members = (await ledger.roster(datanet, roster)) ?? []
    const total = members.reduce((sum, { weight }) => sum + weight, 0n)
    const state = await stateOf(batch, total, known)
    const due = accepted === null ? undefined : await ledger.batchesDue(datanet, accepted.version)
    return {
      batch: id,
      datanet,
      writer,
      state,
      version: accepted?.version ?? null,
      consent: Number(consent),
      against: Number(against),
      total: Number(total),
      spoke,
      questions: (await sealed.rowsOf(batch))?.length ?? null,
      fault: state === 'asked' ? await faultOf(batch) : null,
      until: due === undefined ? null : Number(due.until) * 1000
    }
  }

  async function judgingOf(datanet: Hex, version: number): Promise<JudgingView | null> {
    if (version === 0) return null
    const batches = await ledger.batchesFor(datanet, version)
    const open = batches.filter(({ key }) => key !== null).length
    try {
      const questions = await judging.versionQuestions(datanet, version, { brief: true })
      return { version, batches: batches.length, open, writers: writersOf(questions) }
    } catch (error) {
      // What cannot be had now, as a version's manifest whose host is away, hides nothing of the rest.
      if (!(error instanceof TilthError) || error.consequence !== 'retry') throw error
      return { version, batches: batches.length, open, writers: null }
    }
  }

  /** [reject] A batch that somebody who sits cannot open is none. @throws TilthError `batch.readers` */
  async function readersOf(datanet: Hex, roster: number): Promise<SealTarget[]> {
    const seats = await sealed.seats(datanet, roster)
    const there = seats.flatMap(seat => seat ?? [])
    if (there.length === seats.length) return there
    throw new TilthError(
      'batch.readers',
      `the keys of ${seats.length - there.length} of ${seats.length} validators are not known here yet`,
      { consequence: 'retry', help: 'Their nodes have to be reachable once: try again when they are.' }
    )
  }

  return {
    faultOf,
    async asked(datanet) {
      const known = await ledger.datanet(datanet)
      const all = await newest(datanet)
      const asked = await Promise.all(all.map(batch => isAsked(batch, known)))
      return all.filter((_, i) => asked[i]).slice(0, mostAsked)
    },
    async putQuestions(datanet, file) {
      await ledger.caughtUp()
      requireTakes((await document(datanet)).rules)
      const bytes = bytesOf(file)
      const questions = parseHeldOut(bytes).length
      const validators = await readersOf(datanet, (await ledger.datanet(datanet))?.roster ?? 1)
      const nonce = crypto.getRandomValues(new Uint8Array(24))
      const key = writersKey(privateKey, datanet, nonce)
      const made = sealBatch({ datanet, writer: self }, bytes, { key, nonce, validators })
      const { batch, transaction } = await chain.questions.put(datanet, made)
      await readBack()
      return { batch, questions, transaction }
    },
    async questionsOf(datanet) {
      const { rules } = await document(datanet)
      const known = await ledger.datanet(datanet)
      const batches: BatchView[] = []
      if (rules.parents === undefined)
        for (const batch of (await newest(datanet)).slice(0, mostAsked)) batches.push(await viewOf(batch, known))
      // Where nobody wrote any, the founder's file is not looked for to say so.
      return { datanet, batches, judging: batches.length === 0 ? null : await judgingOf(datanet, known?.version ?? 0) }
    },
    async batchQuestions(datanet, id) {
      const rows = await sealed.rowsOf(await must(datanet, id))
      if (rows !== undefined) return rows
      throw new InvalidError('batch.shut', 'it is not open, and was neither sealed to this node nor written by it', {
        help: 'Its validators open it once the version that it judges is anchored.'
      })
    },
    async speakOnQuestions(datanet, id, consents) {
      const { transaction, version } = await chain.questions.speak((await must(datanet, id)).id, consents)
      await readBack()
      return { transaction, version: version ?? null }
    },
    async openQuestions(datanet, id) {
      const batch = await must(datanet, id)
      const key = await sealed.keyOf(batch)
      if (key === undefined)
        throw new InvalidError('batch.shut', 'it was neither sealed to this node nor written by it')
      const { transaction } = await chain.questions.open(batch.id, key)
      await readBack()
      return { transaction }
    }
  }
}
