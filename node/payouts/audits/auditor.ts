import { auditSubject } from '../../../protocol/jobs/index.ts'
import type { AuditorsWord, JobResult } from '../../../protocol/jobs/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { everyOf, refusedWith } from '../../chain/index.ts'
import type { AuditRecord, AuditRound } from '../../chain/types.ts'
import { isWithheld } from '../../jobs/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Models } from '../models.ts'
import type { Seats } from '../scorer/seats.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'
import type { Findings } from './findings.ts'
import type { Judging } from './judging.ts'
import type { Terms } from './terms.ts'
import { createUndrawn } from './undrawn.ts'

/** Audits that are looked at; of more, those go first in which this node has no part. */
const mostOpen = 256
/** What could not be done is tried again so much later. */
const againMs = 5_000
/** In the last part of the window of so many, what nobody gives counts against the training. */
const lateParts = 4n
/** In the last part of so many whoever could not run its segments yet says that it has nothing to say. */
const lastParts = 8n
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
  'AlreadyRefused',
  'TooManyRounds',
  'NotAbsent'
] as const

export interface Auditor {
  start(): Promise<void>
  /** Looks again at what is open; returns at once. */
  wake(): void
  stop(): Promise<void>
}

export interface AuditorParts {
  readonly certificates: Certificates
  readonly models: Pick<Models, 'weighed' | 'registered'>
  readonly findings: Findings
  readonly judging: Judging
  readonly seats: Pick<Seats, 'heard'>
  readonly terms: Terms
  /** Chain seconds. */
  readonly now: () => bigint
  /** News of an audit of a model. */
  readonly heard: (model: Hex) => void
}

/** Has auditors drawn, runs again what chance has given this node, says what came of it, and closes what is over. */
export function createAuditor(
  deps: Pick<PayoutsDeps, 'self' | 'clock' | 'log' | 'chain' | 'metrics' | 'roles' | 'trainings'>,
  { certificates, models, findings, judging, seats, terms, now, heard }: AuditorParts
): Auditor {
  const { self, chain, clock, log, metrics, trainings } = deps
  const { ledger } = chain
  const open = new Set<Hex>()
  const waits = new Map<Hex, number>()
  const queue = createQueue({ name: 'audits', bound: mostOpen, concurrency: 1, metrics })
  /** What is run again, apart: drawing and closing wait for no training. */
  const running = createQueue({ name: 'audits-run', bound: 2 * mostOpen, concurrency: 1, metrics })
  /** Of the open ones those that are this node's to open again, or to speak about. */
  const own = new Set<Hex>()
  const behind = new Set<string>()
  const busy = new Set<Hex>()
  let life = new AbortController()
  life.abort()
  let off: (() => Promise<void>) | undefined
  let window: bigint | undefined

  const undrawn = createUndrawn(deps, { terms, seats })

  const isBuilder = async ({ model }: AuditRecord): Promise<boolean> => (await ledger.model(model))?.builder === self

  function take(id: Hex): void {
    if (!open.has(id) && open.size >= mostOpen)
      for (const other of open)
        if (!own.has(other) && !busy.has(other)) {
          open.delete(other)
          break
        }
    if (open.size < mostOpen) open.add(id)
  }

  /** @returns whether there is nothing more to do */
  async function look(id: Hex): Promise<boolean> {
    const record = await ledger.audit(id)
    const round = record?.rounds.at(-1)
    if (record === undefined || round === undefined) return true
    const isOurs = await isBuilder(record)
    if (isOurs || (round.panel.includes(self) && !round.closed)) own.add(id)
    let shown = true
    for (const one of record.rounds) if (!(await showAbsent(one, id))) shown = false
    if (round.seed === null) {
      let isOver = false
      await unlessDone(async () => {
        isOver = await undrawn.look(record, round, isOurs)
      })
      // What waits for somebody who could be drawn waits a while.
      if (!isOver && round.closed) waits.set(id, clock.now() + againMs)
      return isOver && shown
    }
    const over = now() >= round.until
    const mine = round.panel.includes(self) && !round.words.some(({ auditor }) => auditor === self)
    if (mine && !over && !round.closed) {
      later(id, 'speak', () => speak(record, round, id))
      return false
    }
    const all = round.words.length === round.panel.length
    if (!round.closed && (over || all)) await unlessDone(() => chain.audits.close(id))
    if (!round.closed || !shown) return false
    return isOurs && !record.refused ? again(record) : true
  }

  /** Who said nothing in time pays for it, another round being open or not. @returns whether all have */
  async function showAbsent({ panel, words, absent, number, until }: AuditRound, id: Hex): Promise<boolean> {
    if (words.length === panel.length || now() < until || now() >= until + 2n * (await windowOf())) return true
    const silent = panel.filter(one => !absent.includes(one) && words.every(({ auditor }) => auditor !== one))
    for (const auditor of silent) {
      log.info('an auditor said nothing in time', { audit: id, auditor })
      await unlessDone(() => chain.audits.penaliseAbsent(id, number, auditor))
    }
    return silent.length === 0
  }

  /** Once what is run already is done; returns at once. What waits under this name is not asked for twice. */
  function later(id: Hex, what: 'speak' | 'judge', act: () => Promise<void>): void {
    const name = `${id}/${what}`
    if (behind.has(name)) return
    behind.add(name)
    void running
      .run(id, async () => {
        life.signal.throwIfAborted()
        await act()
      })
      .catch((error: unknown) => {
        if (life.signal.aborted) return
        take(id)
        waits.set(id, clock.now() + againMs)
        log.info('an audit could not be taken further yet', { audit: id, what, error })
      })
      .finally(() => {
        behind.delete(name)
      })
  }

  /** Too few spoke, where enough found nothing wrong: its builder has another round drawn. */
  async function again(record: AuditRecord): Promise<boolean> {
    const weighed = await models.weighed(record.model)
    if (weighed === null) return true
    const view = await certificates.of(await models.registered(record.model), weighed.result)
    if (view.state !== 'lapsed' || record.rounds.filter(({ seed }) => seed !== null).length >= 8) return true
    await unlessDone(async () => chain.audits.open(record.model, await terms(record.model)))
    return false
  }

  /** One word, whatever comes of it: who says nothing pays for that. What is to be tried again is thrown. */
  async function speak(record: AuditRecord, round: AuditRound, id: Hex): Promise<void> {
    const said = await toSay(record, round, id)
    // On disk before it is on chain: a process that dies in between says the same.
    await unlessDone(() => chain.audits.say(id, round.seed ?? zeroHash, said))
  }

  async function toSay(record: AuditRecord, round: AuditRound, id: Hex): Promise<Omit<AuditorsWord, 'auditor'>> {
    const nothing = { word: 'nothing', subject: zeroHash, runs: 0 } as const
    if (trainings === undefined) return nothing
    const window = await windowOf()
    // What is longer than the time there is holds up nobody else's audit.
    const left = Number(round.until - window / lastParts - now())
    const ends = AbortSignal.timeout(Math.min(2 ** 31 - 1, Math.max(0, left * 1000)))
    const signal = AbortSignal.any([life.signal, ends])
    let subject: Hex = zeroHash
    try {
      const weighed = await models.weighed(record.model)
      if (weighed === null) return nothing
      subject = auditSubject(weighed.result, round.seed ?? id)
      return await find(weighed.result, record, round, id, signal)
    } catch (error) {
      life.signal.throwIfAborted()
      const isLate = now() >= round.until - window / lateParts
      if (isLate && isWithheld(error)) {
        // What nobody gives before the time is over nobody can run again, and a draw that is let go would be another's.
        log.warn('what an audit takes is not to be had', { model: record.model, error })
        return { word: 'not-served', subject, runs: 0 }
      }
      if (now() < round.until - window / lastParts) throw error
      log.warn('this node cannot run what it was drawn for, and says so', { model: record.model, error })
      return nothing
    }
  }

  /** @throws as `delivered` and `runSegment`, where what it takes is not to be had and nothing of the rest is wrong */
  async function find(
    result: JobResult,
    record: AuditRecord,
    round: AuditRound,
    id: Hex,
    signal: AbortSignal
  ): Promise<Omit<AuditorsWord, 'auditor'>> {
    const lots = (await trainings?.delivered(result, { signal })) ?? []
    const certificate = await certificates.round(record, round, result, lots)
    const { subject, segments } = certificate ?? { subject: zeroHash, segments: [] }
    let [runs, withheld]: [number, unknown] = [0, undefined]
    for (const [at, one] of segments.entries()) {
      if (!one.auditors.includes(self) || trainings === undefined) continue
      try {
        const found = await findings.of(id, round, one, () => trainings.runSegment(result, lots, one, signal))
        const { coalition, segment } = one
        log.info('a segment of a training was run again', { model: record.model, coalition, segment, ...found })
        runs |= 1 << at
        if (!found.agrees) return { word: 'differs', subject, runs }
      } catch (error) {
        signal.throwIfAborted()
        if (!isWithheld(error)) throw error
        withheld ??= error
      }
    }
    if (withheld !== undefined) throw withheld
    return runs === 0 ? { word: 'nothing', subject, runs } : { word: 'agrees', subject, runs }
  }

  async function windowOf(): Promise<bigint> {
    window ??= await chain.audits.window()
    return window
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
      if (await look(id)) {
        open.delete(id)
        own.delete(id)
      }
    } catch (error) {
      if (life.signal.aborted) return
      waits.set(id, clock.now() + againMs)
      log.info('an audit could not be taken further yet', { audit: id, error })
    }
    later(id, 'judge', () => judge(id))
  }

  /** Whoever is wrong where somebody is against a training; that keeps nobody from speaking. */
  async function judge(id: Hex): Promise<void> {
    const record = await ledger.audit(id)
    const round = record?.rounds.at(-1)
    if (record !== undefined && round !== undefined) await judging.judge(record, round, id, life.signal)
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
      for await (const { id } of everyOf(page => ledger.audits({ ...page, reverse: true }))) {
        if (open.size >= mostOpen) break
        open.add(id)
      }
      off = await ledger.consume({
        name: 'audits',
        names: ['AuditOpened', 'AuditorsDrawn', 'AuditSaid', 'AuditorBlamed', 'AuditClosed'],
        forward(event) {
          take(event.audit)
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
      await running.idle()
    }
  }
}
