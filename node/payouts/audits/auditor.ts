import type { Hex } from '../../../protocol/primitives/index.ts'
import { everyOf } from '../../chain/index.ts'
import type { AuditRecord, AuditRound } from '../../chain/types.ts'
import { createQueue, unlessAborted, within } from '../../runtime/index.ts'
import type { Queue } from '../../runtime/index.ts'
import type { Models } from '../models.ts'
import type { Seats } from '../scorer/seats.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'
import { createDraws } from './draws.ts'
import { judgedUntil } from './judging.ts'
import type { Judging } from './judging.ts'
import { lastPartOf } from './speaking.ts'
import type { Speaking } from './speaking.ts'
import type { Terms } from './terms.ts'
import { createTurns } from './turns.ts'
import { createUndrawn } from './undrawn.ts'
import { unlessDone } from './words.ts'
import type { Words } from './words.ts'

/** Audits that are looked at; of more, those go first in which this node has no part. */
const mostOpen = 256
/** Looks that may wait; whatever this node is drawn for is among them. */
const mostQueued = 8_192
/** What could not be done is tried again so much later. */
const againMs = 5_000
/** A look at one waits no longer than this for what others give; it goes on, and holds up no other. */
const lookMs = 60_000
/** The first turn of what is run again, while others wait for theirs: one in so many of the window. */
const turnParts = 64

export interface Auditor {
  start(): Promise<void>
  /** Looks again at what is open; returns at once. */
  wake(): void
  stop(): Promise<void>
}

export interface AuditorParts {
  readonly certificates: Certificates
  readonly models: Pick<Models, 'weighed' | 'registered'>
  readonly words: Words
  readonly speaking: Speaking
  readonly judging: Judging
  readonly seats: Pick<Seats, 'heard'>
  readonly terms: Terms
  /** Chain seconds. */
  readonly now: () => bigint
  /** Seconds by the chain alone: this node's own clock makes nothing late. */
  readonly chainTime: () => bigint
  /** News of an audit of a model. */
  readonly heard: (model: Hex) => void
}

/** Has auditors drawn, runs again what chance has given this node, says what came of it, and closes what is over. */
export function createAuditor(
  deps: Pick<PayoutsDeps, 'self' | 'clock' | 'log' | 'chain' | 'metrics' | 'roles'>,
  { certificates, models, words, speaking, judging, seats, terms, now, chainTime, heard }: AuditorParts
): Auditor {
  const { self, chain, clock, log, metrics } = deps
  const { ledger } = chain
  const open = new Set<Hex>()
  const waits = new Map<Hex, number>()
  const draws = createDraws(deps, { words, now })
  const queue = createQueue({ name: 'audits', bound: mostQueued, concurrency: 1, metrics })
  /** Of the open ones those that are this node's to open again. */
  const own = new Set<Hex>()
  const busy = new Set<Hex>()
  let life = new AbortController()
  life.abort()
  let off: (() => Promise<void>) | undefined
  let window: bigint | undefined

  /** What is run again, apart: drawing and closing wait for no training, and speaking for no judging. */
  const runs = createQueue({ name: 'audits-run', bound: mostQueued, concurrency: 1, metrics })
  const looks = createQueue({ name: 'audits-judge', bound: mostQueued, concurrency: 1, metrics })
  const turnsOf = (queue: Queue, what: string) =>
    createTurns({
      queue,
      turnMs: () => Number(((window ?? 0n) * 1000n) / BigInt(turnParts)),
      life: () => life.signal,
      failed(id, error) {
        take(id)
        waits.set(id, clock.now() + againMs)
        log.info('an audit could not be taken further yet', { audit: id, what, error })
      }
    })
  const running = turnsOf(runs, 'speak')
  const judgings = turnsOf(looks, 'judge')

  const undrawn = createUndrawn(deps, { terms, seats })

  const isBuilder = async ({ model }: AuditRecord): Promise<boolean> => (await ledger.model(model))?.builder === self

  function take(id: Hex): void {
    if (!open.has(id) && open.size >= mostOpen)
      for (const other of open)
        if (!own.has(other)) {
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
    if (isOurs) own.add(id)
    if (isMine(round)) draws.take(id, round)
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
    if (isMine(round) && chainTime() < round.until) {
      // In the last part of its time the last word is said, by itself.
      if (now() < lastPartOf(round, await windowOf()))
        running.later(
          id,
          signal => speak(id, signal),
          () => timeToRun(id)
        )
      if (!over) return false
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

  /** Too few spoke, where enough found nothing wrong: its builder has another round drawn. */
  async function again(record: AuditRecord): Promise<boolean> {
    const weighed = await models.weighed(record.model)
    if (weighed === null) return true
    const view = await certificates.of(await models.registered(record.model), weighed.result)
    if (
      (view.state !== 'lapsed' && view.state !== 'struck') ||
      record.rounds.filter(({ seed }) => seed !== null).length >= 8
    )
      return true
    await unlessDone(async () => chain.audits.open(record.model, await terms(record.model)))
    return false
  }

  const isMine = ({ panel, words: said, closed }: AuditRound): boolean =>
    !closed && panel.includes(self) && !said.some(({ auditor }) => auditor === self)

  async function timeToRun(id: Hex): Promise<number> {
    const round = (await ledger.audit(id))?.rounds.at(-1)
    return round === undefined ? 0 : Number(lastPartOf(round, await windowOf()) - chainTime()) * 1000
  }

  async function timeToJudge(id: Hex): Promise<number> {
    const record = await ledger.audit(id)
    return record === undefined ? 0 : Number(judgedUntil(record, await windowOf()) - now()) * 1000
  }

  /** One word, whatever comes of it: who says nothing pays for that. What is to be tried again is thrown. */
  async function speak(id: Hex, signal: AbortSignal): Promise<void> {
    const record = await ledger.audit(id)
    const round = record?.rounds.at(-1)
    if (record !== undefined && round !== undefined && isMine(round)) await speaking.speak(record, round, id, signal)
  }

  async function windowOf(): Promise<bigint> {
    window ??= await chain.audits.window()
    return window
  }

  async function step(id: Hex): Promise<void> {
    const looking = look(id).finally(() => {
      busy.delete(id)
    })
    try {
      if (await unlessAborted(looking, within(lookMs))) {
        open.delete(id)
        own.delete(id)
        waits.delete(id)
      }
    } catch (error) {
      if (life.signal.aborted) return
      waits.set(id, clock.now() + againMs)
      log.info('an audit could not be taken further yet', { audit: id, error })
    }
    judgings.later(
      id,
      signal => judge(id, signal),
      () => timeToJudge(id)
    )
  }

  /** Whoever is wrong where somebody is against a training; that keeps nobody from speaking. */
  async function judge(id: Hex, signal: AbortSignal): Promise<void> {
    const record = await ledger.audit(id)
    if (record !== undefined) await judging.judge(record, id, signal)
  }

  function wake(): void {
    if (life.signal.aborted) return
    draws.wake()
    const all = new Set([...draws.ids(), ...open])
    // Of one that made room for another nothing stays.
    for (const id of waits.keys()) if (!all.has(id)) waits.delete(id)
    for (const id of own) if (!all.has(id)) own.delete(id)
    for (const id of all) {
      if (busy.has(id) || (waits.get(id) ?? 0) > clock.now()) continue
      waits.delete(id)
      busy.add(id)
      queue
        .run(id, () => step(id))
        .catch(() => {
          busy.delete(id)
        })
    }
  }

  return {
    async start() {
      life = new AbortController()
      await draws.start()
      // The newest first; what is over goes as soon as it is looked at.
      for await (const { id } of everyOf(page => ledger.audits({ ...page, reverse: true }))) {
        if (open.size >= mostOpen) break
        open.add(id)
      }
      off = await ledger.consume({
        name: 'audits',
        names: ['AuditOpened', 'AuditorsDrawn', 'AuditSaid', 'AuditorBlamed', 'WordStruck', 'AuditClosed'],
        forward(event) {
          take(event.audit)
          if (event.name === 'AuditorsDrawn') draws.take(event.audit, event)
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
      await judgings.idle()
      await draws.idle()
    }
  }
}
