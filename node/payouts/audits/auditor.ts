import { auditSubject, withheldSubject } from '../../../protocol/jobs/index.ts'
import type { JobResult } from '../../../protocol/jobs/index.ts'
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

/** Audits that are looked at; of more, those go first in which this node has no part. */
const mostOpen = 256
/** The chain knows the hashes of so many blocks. */
const knownBlocks = 256n
/** What could not be done is tried again so much later. */
const againMs = 5_000
/** In the last part of the window of so many, what nobody gives counts against the training. */
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
  'AlreadyRefused',
  'TooManyRounds'
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
    if (record.refused) return true
    const isOurs = await isBuilder(record)
    if (isOurs || (round.panel.includes(self) && !round.closed)) own.add(id)
    if (round.closed) return isOurs ? again(record) : true
    const head = ledger.head()?.block ?? 0n
    if (round.seed === null) {
      if (roles.scorer) seats.heard(record.pool)
      // Nobody can draw it any more. Once its builder opens it again it is heard of again.
      if (head > round.drawFrom + knownBlocks) {
        if (!isOurs) return true
        await unlessDone(() => chain.audits.open(record.model))
      } else if (head >= round.drawFrom) await draw(id, record, isOurs)
      return false
    }
    const over = now() >= round.until
    const name = `${id}/${round.number}`
    const mine = round.panel.includes(self) && !round.words.some(({ auditor }) => auditor === self)
    if (mine && !over && !idle.has(name)) {
      later(id, 'speak', async () => {
        const spoke = await audit(record, round, id)
        if (!spoke && idle.size < mostOpen) idle.add(name)
      })
      return false
    }
    if (over || round.words.length === round.panel.length) await unlessDone(() => chain.audits.close(id))
    return false
  }

  /** Where nobody was there to be drawn its builder opens it anew once somebody is: at the same bond. */
  async function draw(id: Hex, { model }: AuditRecord, isOurs: boolean): Promise<void> {
    await unlessDone(async () => {
      try {
        await chain.audits.draw(id)
      } catch (error) {
        if (!isOurs || !refusedWith(error, 'NoSeats')) throw error
        await chain.audits.open(model)
      }
    })
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
    await unlessDone(() => chain.audits.open(record.model))
    return false
  }

  /** @returns whether this node had something to say */
  async function audit(record: AuditRecord, round: AuditRound, id: Hex): Promise<boolean> {
    const weighed = trainings === undefined ? null : await models.weighed(record.model)
    if (trainings === undefined || weighed === null) return false
    const { result } = weighed
    // What is longer than the time there is holds up nobody else's audit.
    const left = Number(round.until - now())
    const ends = AbortSignal.timeout(Math.min(2 ** 31 - 1, Math.max(0, left * 1000)))
    const signal = AbortSignal.any([life.signal, ends])
    try {
      const found = await find(result, record, round, id, signal)
      // On disk before it is on chain: a process that dies in between says the same.
      if (found !== undefined) await unlessDone(() => chain.audits.say(id, round.number, found.agrees, found.subject))
      return found !== undefined
    } catch (error) {
      life.signal.throwIfAborted()
      if (!isWithheld(error) || !(await isLate(round))) throw error
      // What nobody gives before the time is over nobody can run again, and a draw that is let go would be another's.
      log.warn('what an audit takes is not to be had', { model: record.model, error })
      const subject = withheldSubject(auditSubject(result, round.seed ?? id))
      await unlessDone(() => chain.audits.say(id, round.number, false, subject))
      return true
    }
  }

  /** @throws as `delivered` and `runSegment`, where what it takes is not to be had and nothing of the rest is wrong */
  async function find(
    result: JobResult,
    record: AuditRecord,
    round: AuditRound,
    id: Hex,
    signal: AbortSignal
  ): Promise<{ readonly agrees: boolean; readonly subject: Hex } | undefined> {
    if (trainings === undefined) return undefined
    const lots = await trainings.delivered(result, { signal })
    const certificate = await certificates.round(record, round, result, lots)
    const drawn = certificate?.segments.filter(({ auditors }) => auditors.includes(self)) ?? []
    if (certificate === undefined || drawn.length === 0) return undefined
    let withheld: unknown
    for (const one of drawn)
      try {
        const found = await findings.of(id, round, one, () => trainings.runSegment(result, lots, one, signal))
        const { coalition, segment } = one
        log.info('a segment of a training was run again', { model: record.model, coalition, segment, ...found })
        if (!found.agrees) return { agrees: false, subject: certificate.subject }
      } catch (error) {
        signal.throwIfAborted()
        if (!isWithheld(error)) throw error
        withheld ??= error
      }
    if (withheld !== undefined) throw withheld
    return { agrees: true, subject: certificate.subject }
  }

  async function isLate({ until }: AuditRound): Promise<boolean> {
    window ??= await chain.audits.window()
    return now() >= until - window / lateParts
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
        names: ['AuditOpened', 'AuditorsDrawn', 'AuditSaid', 'AuditClosed'],
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
