import { endOf } from '../../../protocol/jobs/index.ts'
import type {
  AwardDocument,
  AwardStatus,
  Forfeit,
  JobRecord,
  JobState,
  LotState
} from '../../../protocol/jobs/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import { awardNames } from '../awards.ts'
import type { JobsDeps } from '../deps.ts'
import { openBuilt } from './built.ts'

export type AwardedLot = Exclude<LotState, { state: 'offered' }>
type WithLots = Exclude<JobState, { state: 'bidding' }>

/** The builder's own jobs, on disk: every change is durable when it resolves, and changes of one job never overlap. */
export interface JobEscrows {
  load(): Promise<void>
  add(id: Hex, record: JobRecord): Promise<void>
  readonly get: (id: Hex) => JobRecord | undefined
  /** @throws NotFoundError `job.unknown` */
  must(id: Hex): JobRecord
  readonly all: () => IterableIterator<[Hex, JobRecord]>
  readonly change: (id: Hex, edit: (record: JobRecord) => JobRecord) => Promise<void>
  /** `also` changes in the same write. */
  readonly changeLot: (
    id: Hex,
    index: number,
    edit: (lot: LotState) => LotState,
    also?: Pick<JobRecord, 'heldOut'>
  ) => Promise<void>
  readonly changeForfeit: (id: Hex, index: number, edit: (forfeit: Forfeit) => Forfeit) => Promise<void>
  /** The lot that is under this award now. */
  lotOf(award: Hex): { id: Hex; index: number; lot: AwardedLot } | undefined
  /** The award if it came to nothing. */
  forfeitOf(award: Hex): { id: Hex; index: number; forfeit: Forfeit } | undefined
  /** Optimizer steps of training on all of the job's rows; 0 for what is no award of ours. */
  stepsOf(award: Hex): number
  /** What an award's worker is to be told of it; undefined when it is none of this worker's. */
  standing(award: Hex, worker: Address): AwardStatus['state'] | undefined
  readonly awardId: (document: AwardDocument) => Hex
  readonly escrowOf: (document: AwardDocument) => Hex
}

export function createEscrows(deps: Pick<JobsDeps, 'store' | 'network' | 'self' | 'chain'>): JobEscrows {
  const table = openBuilt(deps.store)
  let records = new Map<Hex, JobRecord>()
  const writes = createQueue({ name: 'job records', bound: 10_000 })
  const { awardId, escrowOf } = awardNames(deps)

  const must = (id: Hex): JobRecord => {
    const record = records.get(id)
    if (record === undefined) throw new NotFoundError('job.unknown', 'no such job here')
    return record
  }
  const change = (id: Hex, edit: (record: JobRecord) => JobRecord): Promise<void> =>
    writes.run(id, async () => {
      const before = must(id)
      const after = edit(before)
      if (after === before) return
      await table.put(id, after, before)
      records.set(id, after)
    })
  const lots = (record: JobRecord, edit: (state: WithLots) => Partial<WithLots>): JobRecord => {
    const { state } = record
    if (state.state === 'bidding')
      throw new InvalidError('job.transition', 'a job without lots has none to change', { consequence: 'fatal' })
    return { ...record, state: { ...state, ...edit(state) } as JobState }
  }
  const withLots = function* (): Generator<[Hex, WithLots]> {
    for (const [id, { state }] of records) if (state.state !== 'bidding') yield [id, state]
  }

  const escrows: JobEscrows = {
    async load() {
      records = await table.load()
    },
    add: (id, record) =>
      writes.run(id, async () => {
        if (records.has(id)) return
        await table.put(id, record)
        records.set(id, record)
      }),
    get: id => records.get(id),
    must,
    all: () => records.entries(),
    change,
    changeLot: (id, index, edit, also) =>
      change(id, record => ({
        ...lots(record, state => ({ lots: state.lots.map((lot, i) => (i === index ? edit(lot) : lot)) })),
        ...also
      })),
    changeForfeit: (id, index, edit) =>
      change(id, record =>
        lots(record, state => ({ forfeits: state.forfeits.map((one, i) => (i === index ? edit(one) : one)) }))
      ),
    lotOf(award) {
      for (const [id, state] of withLots()) {
        for (const [index, lot] of state.lots.entries())
          if (lot.state !== 'offered' && awardId(lot.award) === award) return { id, index, lot }
      }
      return undefined
    },
    forfeitOf(award) {
      for (const [id, state] of withLots()) {
        for (const [index, forfeit] of state.forfeits.entries())
          if (awardId(forfeit.award) === award) return { id, index, forfeit }
      }
      return undefined
    },
    stepsOf(award) {
      const id = escrows.lotOf(award)?.id ?? escrows.forfeitOf(award)?.id
      const record = id === undefined ? undefined : records.get(id)
      if (record === undefined || record.state.state === 'bidding') return 0
      const { batch, accumulation, epochs } = record.document.spec.settings
      const rows = record.state.rows.reduce((sum, count) => sum + count, 0)
      return Math.ceil(Math.ceil(rows / (batch * accumulation)) * Math.ceil(epochs))
    },
    standing(award, worker) {
      const here = escrows.lotOf(award)
      if (here !== undefined) {
        if (here.lot.award.statement.message.worker !== worker) return undefined
        if (here.lot.state === 'released') return 'closed'
        if (here.lot.state === 'delivered' || here.lot.state === 'accepted') return 'delivered'
        return records.get(here.id)?.paused === true ? 'paused' : 'current'
      }
      const gone = escrows.forfeitOf(award)?.forfeit
      if (gone?.award.statement.message.worker !== worker) return undefined
      return endOf(gone) !== undefined || gone.consent !== null ? 'closed' : 'superseded'
    },
    awardId,
    escrowOf: award => escrowOf(deps.self, award)
  }
  return escrows
}
