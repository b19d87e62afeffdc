import { auditSubject } from '../../../protocol/jobs/index.ts'
import type { JobResult } from '../../../protocol/jobs/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { AuditRecord, AuditRound } from '../../chain/types.ts'
import { isWithheld } from '../../jobs/index.ts'
import { unlessAborted, within } from '../../runtime/index.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'
import type { Findings } from './findings.ts'
import { nothing } from './words.ts'
import type { OwnWord, Words } from './words.ts'

/** In the last part of the window of so many, what nobody gives counts against the training. */
const lateParts = 4n
/** In the last part of so many what is known by then is said, whatever runs still. */
const lastParts = 8n
/** What a timer can wait. */
const longestMs = 2 ** 31 - 1

/** Chain seconds at which a round's last part begins. */
export const lastPartOf = ({ until }: Pick<AuditRound, 'until'>, window: bigint): bigint => until - window / lastParts

export interface Speaking {
  /**
   * Runs again what chance has given this node, and says what came of it. What cannot be had or run yet is tried again;
   * in the last part of the time it is too late for that, and the last word says what is known (`draws.ts`).
   * @throws what is to be tried again
   */
  speak(record: AuditRecord, round: AuditRound, id: Hex, signal: AbortSignal): Promise<void>
}

export interface SpeakingParts {
  readonly certificates: Pick<Certificates, 'round'>
  readonly models: Pick<Models, 'weighed'>
  readonly findings: Findings
  readonly words: Words
  /** Seconds by the chain alone: this node's own clock makes nothing late. */
  readonly chainTime: () => bigint
}

export function createSpeaking(
  { self, chain, log, trainings }: Pick<PayoutsDeps, 'self' | 'chain' | 'log' | 'trainings'>,
  { certificates, models, findings, words, chainTime }: SpeakingParts
): Speaking {
  async function toSay(record: AuditRecord, round: AuditRound, id: Hex, signal: AbortSignal): Promise<OwnWord> {
    if (trainings === undefined) return nothing
    let subject: Hex = zeroHash
    try {
      const weighed = await models.weighed(record.model)
      signal.throwIfAborted()
      if (weighed === null) return nothing
      subject = auditSubject(weighed.result, round.seed ?? id)
      return await find(weighed.result, record, round, id, signal)
    } catch (error) {
      signal.throwIfAborted()
      // What of the rest was run is worth a word: the last one.
      if (!(await isLate(round)) || !isWithheld(error) || (await words.known(id, round)).runs !== 0) throw error
      // What nobody gives before the time is over nobody can run again, and a draw that is let go would be another's.
      log.warn('what an audit takes is not to be had', { model: record.model, error })
      return { word: 'not-served', subject, runs: 0, missing: 0 }
    }
  }

  async function isLate(round: AuditRound): Promise<boolean> {
    return chainTime() >= round.until - (await chain.audits.window()) / lateParts
  }

  /**
   * What was run, and once it is late also what nobody gives of the rest.
   * @throws as `delivered` and `runSegment`, where one of its own could not be run and nothing of the rest is wrong
   */
  async function find(
    result: JobResult,
    record: AuditRecord,
    round: AuditRound,
    id: Hex,
    signal: AbortSignal
  ): Promise<OwnWord> {
    if (trainings === undefined) return nothing
    const lots = await trainings.delivered(result, { signal })
    const certificate = await certificates.round(record, round, result, lots)
    const { subject, segments } = certificate ?? { subject: zeroHash, segments: [] }
    // Nobody may say that it ran what its builder has not paid for.
    const own = [...segments.entries()].filter(([at, { auditors }]) => at < round.segments && auditors.includes(self))
    let said: OwnWord = { ...nothing, subject }
    let [failed, missing]: [unknown, number] = [undefined, 0]
    for (const [before, [at, one]] of own.entries()) {
      try {
        // What somebody gives drop by drop takes no more than its share of the time.
        const ends = within(await shareMs(round, own.length - before), signal)
        const run = () => trainings.runSegment(result, lots, one, ends)
        const found = await unlessAborted(findings.of(id, round, one, run), ends)
        const { coalition, segment } = one
        log.info('a segment of a training was run again', { model: record.model, coalition, segment, ...found })
        said = { ...said, word: found.agrees ? 'agrees' : 'differs', runs: said.runs | (1 << at) }
        await words.note(id, round, said)
        if (!found.agrees) return said
      } catch (error) {
        signal.throwIfAborted()
        // The others are run all the same. That this node could not run one says nothing about who made it.
        if (failed === undefined || isWithheld(failed)) failed = error
        if (isWithheld(error)) missing |= 1 << at
      }
    }
    if (failed === undefined) return said
    if (said.runs === 0 || missing === 0 || !(await isLate(round))) throw failed
    // Before the last word, which says no more than what is noted.
    said = { ...said, missing }
    await words.note(id, round, said)
    if (!isWithheld(failed)) throw failed
    log.warn('part of what an audit takes is not to be had', { model: record.model, error: failed })
    return said
  }

  /** Of the time until the last part, by how many segments are left. */
  async function shareMs(round: AuditRound, segments: number): Promise<number> {
    const left = Number(lastPartOf(round, await chain.audits.window()) - chainTime()) * 1000
    return Math.min(longestMs, Math.max(0, Math.floor(left / segments)))
  }

  return {
    // On disk before it is on chain: a process that dies in between says the same.
    speak: async (record, round, id, signal) => words.say(id, round, await toSay(record, round, id, signal))
  }
}
