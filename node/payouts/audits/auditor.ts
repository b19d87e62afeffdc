import type { DrawnSegment } from '../../../protocol/jobs/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { everyOf, refusedWith } from '../../chain/index.ts'
import type { AuditRecord, AuditRound } from '../../chain/types.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Models } from '../models.ts'
import type { Seats } from '../scorer/seats.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'
import type { Finding, Findings } from './findings.ts'
import type { Judging } from './judging.ts'

/** Audits that are looked at; of more, the newest are not until others are over. */
const mostOpen = 256
/** The chain knows the hashes of so many blocks. */
const knownBlocks = 256n
/** What could not be done is tried again so much later. */
const againMs = 5_000
/** In the last part of the window of so many, a state that nobody gives counts against its worker. */
const lateParts = 4n
/** Refusals that say that somebody was quicker, or that it is not time. */
const done = [
  'AlreadyDrawn',
  'NoDrawNow',
  'NoSeats',
  'NotOpen',
  'NotDrawn',
  'AlreadySaid',
  'AuditOver',
  'AuditStillOpen',
  'AnotherRound',
  'AlreadyOpen',
  'AlreadyRefused'
] as const

export interface Auditor {
  start(): Promise<void>
  /** Looks again at what is open; returns at once. */
  wake(): void
  stop(): Promise<void>
}

interface Parts {
  readonly certificates: Certificates
  readonly models: Pick<Models, 'weighed' | 'registered'>
  readonly findings: Findings
  readonly judging: Judging
  readonly seats: Pick<Seats, 'heard'>
  /** Chain seconds. */
  readonly now: () => bigint
  /** News of an audit of a model. */
  readonly heard: (model: Hex) => void
}

/** Has auditors drawn, runs again what chance has given this node, says what came of it, and closes what is over. */
export function createAuditor(
  deps: Pick<PayoutsDeps, 'self' | 'clock' | 'log' | 'chain' | 'metrics' | 'roles' | 'trainings'>,
  { certificates, models, findings, judging, seats, now, heard }: Parts
): Auditor {
  const { self, chain, clock, log, metrics, roles, trainings } = deps
  const { ledger } = chain
  const open = new Set<Hex>()
  /** Rounds in which this node has nothing to say. */
  const idle = new Set<string>()
  const waits = new Map<Hex, number>()
  const queue = createQueue({ name: 'audits', bound: mostOpen, concurrency: 1, metrics })
  const busy = new Set<Hex>()
  let life = new AbortController()
  life.abort()
  let off: (() => Promise<void>) | undefined
  let window: bigint | undefined

  const isBuilder = async ({ model }: AuditRecord): Promise<boolean> => (await ledger.model(model))?.builder === self

  /** @returns whether there is nothing more to do */
  async function look(id: Hex): Promise<boolean> {
    const record = await ledger.audit(id)
    const round = record?.rounds.at(-1)
    if (record === undefined || round === undefined) return true
    if (record.refused) return true
    if (round.closed) return (await isBuilder(record)) ? again(record) : true
    const head = ledger.head()?.block ?? 0n
    if (round.seed === null) {
      if (roles.scorer) seats.heard(record.pool)
      if (head > round.drawFrom + knownBlocks) {
        if (await isBuilder(record)) await unlessDone(() => chain.audits.open(record.model))
      } else if (head >= round.drawFrom) await unlessDone(() => chain.audits.draw(id))
      return false
    }
    const over = now() >= round.until
    const name = `${id}/${round.number}`
    const mine = round.panel.includes(self) && !round.words.some(({ auditor }) => auditor === self)
    if (mine && !over && !idle.has(name)) {
      const spoke = await audit(record, round, id)
      if (!spoke && idle.size < mostOpen) idle.add(name)
      return false
    }
    if (over || round.words.length === round.panel.length) await unlessDone(() => chain.audits.close(id))
    return false
  }

  /** Too few spoke, where enough found nothing wrong: its builder has another round drawn. */
  async function again(record: AuditRecord): Promise<boolean> {
    const weighed = await models.weighed(record.model)
    if (weighed === null) return true
    const view = await certificates.of(await models.registered(record.model), weighed.result)
    if (view.state !== 'lapsed' || record.rounds.length >= 8) return true
    await unlessDone(() => chain.audits.open(record.model))
    return false
  }

  /** @returns whether this node had something to say */
  async function audit(record: AuditRecord, round: AuditRound, id: Hex): Promise<boolean> {
    const weighed = trainings === undefined ? null : await models.weighed(record.model)
    if (trainings === undefined || weighed === null) return false
    const { result } = weighed
    const lots = await trainings.delivered(result, { signal: life.signal })
    const certificate = await certificates.round(record, round, result, lots)
    const own = certificate?.segments.filter(({ auditors }) => auditors.includes(self)) ?? []
    if (certificate === undefined || own.length === 0) return false
    let agrees = true
    for (const drawn of own) {
      const found = await findings.of(id, round, drawn, () =>
        run(drawn, round, signal => trainings.runSegment(result, lots, drawn, signal))
      )
      agrees &&= found.agrees
      const { coalition, segment } = drawn
      log.info('a segment of a training was run again', { model: record.model, coalition, segment, ...found })
    }
    // On disk before it is on chain: a process that dies in between says the same.
    await unlessDone(() => chain.audits.say(id, round.number, agrees, certificate.subject))
    return true
  }

  async function run(
    drawn: DrawnSegment,
    { until }: AuditRound,
    again: (signal: AbortSignal) => Promise<Finding>
  ): Promise<Finding> {
    try {
      return await again(life.signal)
    } catch (error) {
      life.signal.throwIfAborted()
      if (!(error instanceof TilthError) || error.code !== 'audit.withheld') throw error
      window ??= await chain.audits.window()
      // What nobody gives before the time is over nobody can run again, and a draw that is let go would be another's.
      if (now() < until - window / lateParts) throw error
      log.warn('a committed state is not to be had', { ...drawn, error })
      return { agrees: false, distance: null, reason: error.message }
    }
  }

  async function unlessDone(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!refusedWith(error, ...done)) throw error
    }
  }

  async function step(id: Hex): Promise<void> {
    try {
      if (await look(id)) open.delete(id)
    } catch (error) {
      if (life.signal.aborted) return
      waits.set(id, clock.now() + againMs)
      log.info('an audit could not be taken further yet', { audit: id, error })
    }
    await judge(id)
  }

  /** Whoever is wrong where auditors contradict each other; that keeps nobody from speaking. */
  async function judge(id: Hex): Promise<void> {
    try {
      const record = await ledger.audit(id)
      const round = record?.rounds.at(-1)
      if (record !== undefined && round !== undefined) await judging.judge(record, round, id, life.signal)
    } catch (error) {
      if (life.signal.aborted) return
      open.add(id)
      waits.set(id, clock.now() + againMs)
      log.info('auditors who contradict each other could not be judged yet', { audit: id, error })
    }
  }

  function wake(): void {
    for (const id of open) {
      if (life.signal.aborted || busy.has(id) || (waits.get(id) ?? 0) > clock.now()) continue
      waits.delete(id)
      busy.add(id)
      void queue
        .run(id, () => step(id))
        .finally(() => {
          busy.delete(id)
        })
    }
  }

  return {
    async start() {
      life = new AbortController()
      // The newest first; what is over goes as soon as it is looked at.
      for await (const { id, refused } of everyOf(page => ledger.audits({ ...page, reverse: true }))) {
        if (open.size >= mostOpen) break
        if (!refused) open.add(id)
      }
      off = await ledger.consume({
        name: 'audits',
        names: ['AuditOpened', 'AuditorsDrawn', 'AuditSaid', 'AuditClosed'],
        forward(event) {
          if (open.size < mostOpen) open.add(event.audit)
          ledger.audit(event.audit).then(
            record => {
              if (record !== undefined) heard(record.model)
            },
            (error: unknown) => {
              log.warn('an audit could not be read', { audit: event.audit, error })
            }
          )
          wake()
        },
        // Everything here is asked of the ledger, which has gone back already.
        back: () => undefined
      })
      wake()
    },
    wake,
    async stop() {
      life.abort()
      await off?.()
      await queue.idle()
    }
  }
}
