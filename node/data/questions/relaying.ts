import { z } from 'zod'
import { digest } from '../../../protocol/crypto/index.ts'
import { checkSignedBatch } from '../../../protocol/data/index.ts'
import type { DatanetDocument } from '../../../protocol/data/index.ts'
import { LimitError, TilthError, address, toHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { requireTakes } from '../contributor/contribute.ts'
import { createQueue } from '../../runtime/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Sealed } from './sealed.ts'
import type { IsKnownWriter } from './standing.ts'
import type { QuestionsService } from './types.ts'

// Held-out questions of writers who have no gas: sealed and signed where they were written, brought on chain by this
// node. Each costs it gas, and accounts are free: so it brings few of one writer, and of newcomers together half of
// what it brings. On disk before it is brought, so that a node that is killed brings no more in a day.

/** Batches that are brought in a day: of one writer, for one Datanet, and in all. */
const mostOfWriter = 2
const mostOfDatanet = 16
const mostInAll = 64
/** Of the latter two, what newcomers have together. */
const newcomersPart = 2
const dayMs = 86_400_000
/** Seconds for which a signed one may be brought, unless its writer says otherwise. */
const usualSeconds = 3_600n

/** Whether it is certain that nothing came of a call: refused before it was sent, for which this node paid nothing. */
const isUnsent = (error: unknown): boolean =>
  error instanceof TilthError &&
  ((error.code === 'chain.reverted' && error.details['transaction'] === undefined) ||
    error.code === 'chain.gas' ||
    error.code === 'chain.read-only')

export const relayedRecord = z.strictObject({ writer: address, newcomer: z.boolean(), at: z.number() })

export function createRelaying(
  { chain, clock, network, store }: Pick<DataDeps, 'chain' | 'clock' | 'network' | 'store'>,
  sealed: Pick<Sealed, 'seats'>,
  document: (datanet: Hex) => Promise<DatanetDocument>,
  isKnown: IsKnownWriter
): Pick<QuestionsService, 'questionSeats' | 'bringQuestions'> {
  const { ledger } = chain
  /** `DATANET/DIGEST` of what was brought in the last day. */
  const table = store.collection('data/relayed', relayedRecord)
  const queue = createQueue({ name: 'relayed questions', bound: 64 })
  const seconds = (): bigint => {
    const [here, there] = [BigInt(Math.floor(clock.now() / 1000)), ledger.head()?.timestamp ?? 0n]
    return here > there ? here : there
  }

  /** @throws LimitError `batch.quota` */
  async function requireQuota(datanet: Hex, writer: Address, newcomer: boolean): Promise<void> {
    const tally = { writer: 0, datanet: 0, all: 0, newcomers: 0, newcomersInAll: 0 }
    for await (const [key, one] of table.entries()) {
      if (one.at <= clock.now() - dayMs) {
        await table.delete(key)
        continue
      }
      const isHere = key.startsWith(`${datanet}/`)
      tally.all++
      if (one.newcomer) tally.newcomersInAll++
      if (!isHere) continue
      tally.datanet++
      if (one.newcomer) tally.newcomers++
      if (one.writer === writer) tally.writer++
    }
    const full =
      tally.writer >= mostOfWriter ||
      tally.datanet >= mostOfDatanet ||
      tally.all >= mostInAll ||
      (newcomer && tally.newcomers >= mostOfDatanet / newcomersPart) ||
      (newcomer && tally.newcomersInAll >= mostInAll / newcomersPart)
    // [reject] What others' questions cost this node in a day has a bound, and one writer's has its own.
    if (full)
      throw new LimitError('batch.quota', 'this node brings no more questions of that writer today', {
        help: 'Bring them by another node, by an account that has gas, or tomorrow.'
      })
  }

  async function sitting(datanet: Hex): Promise<{ roster: number; members: readonly Address[] }> {
    await ledger.caughtUp()
    requireTakes((await document(datanet)).rules)
    const roster = (await ledger.datanet(datanet))?.roster ?? 1
    return { roster, members: ((await ledger.roster(datanet, roster)) ?? []).map(({ address }) => address) }
  }

  return {
    async questionSeats(datanet) {
      const { roster, members } = await sitting(datanet)
      const seats = await sealed.seats(datanet, roster)
      return {
        roster,
        seats: members.map((account, i) => {
          const target = seats[i]
          return { account, key: target === undefined ? null : toHex(target.sealingKey) }
        }),
        deadline: seconds() + usualSeconds
      }
    },
    bringQuestions: (datanet, batch) =>
      queue.run('all', async () => {
        const { roster, members } = await sitting(datanet)
        const { message } = batch.statement
        checkSignedBatch(batch, { network, datanet, roster, seats: members.length, now: seconds() })
        const newcomer = !(await isKnown(datanet, message.writer))
        const key = `${datanet}/${digest(network, 'Questions', message)}`
        // What is asked for twice is one: the contract takes it once.
        const before = await table.get(key)
        if (before === undefined) await requireQuota(datanet, message.writer, newcomer)
        await table.put(key, { writer: message.writer, newcomer, at: clock.now() })
        const put = chain.questions.putFor(batch.statement, batch)
        const { batch: id, transaction } = await put.catch(async (error: unknown) => {
          // What was never sent is no part of anybody's day.
          if (before === undefined && isUnsent(error)) await table.delete(key)
          throw error
        })
        await ledger.caughtUp({ consumers: true }).catch(() => undefined)
        return { batch: id, transaction }
      })
  }
}
