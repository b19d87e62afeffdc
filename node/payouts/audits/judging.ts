import { randomInt } from 'node:crypto'
import { hasRun, isAgainst, lacks, standing } from '../../../protocol/jobs/index.ts'
import type { AuditedSegment, AuditorsWord, Certificate } from '../../../protocol/jobs/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { AuditRecord, AuditRound } from '../../chain/types.ts'
import { isWithheld } from '../../jobs/index.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'
import type { Findings } from './findings.ts'

/** Rounds that were judged; of more, those judged longest ago may be looked at again, at no cost but reading. */
const mostJudged = 256

/** Of the audits whose words all agree a validator runs one segment itself, of one in so many. */
const looksAt = 4

export interface Judging {
  /**
   * Where somebody is against a training somebody is wrong: a validator of the Datanet runs what its auditors ran, and
   * is against those whose word it finds false; so it does where another validator is, and of some audits, by a chance
   * of its own, where everybody agrees: who only repeats what others say cannot know which. What shows without running
   * anything, a run of what was another's, it is always against. With two thirds of the roster against it an auditor
   * loses a tenth of the least stake and its seat, and its word is struck. Of every round that was drawn, whether
   * another is open or not: a builder that opens one hides no words of the one before. Once its time is over nothing is
   * judged.
   * @throws as the segments' files and engine
   */
  judge(record: AuditRecord, id: Hex, signal: AbortSignal): Promise<void>
}

export interface JudgingParts {
  readonly certificates: Certificates
  readonly models: Pick<Models, 'weighed'>
  readonly findings: Findings
  readonly hasVoice: (pool: Hex) => Promise<boolean>
  /** Chain seconds. */
  readonly now: () => bigint
}

export function createJudging(
  { chain, log, trainings, self }: Pick<PayoutsDeps, 'chain' | 'log' | 'trainings' | 'self'>,
  { certificates, models, findings, hasVoice, now }: JudgingParts
): Judging {
  const judged = new Set<string>()
  return {
    async judge(record, id, signal) {
      let failed: unknown
      for (const round of record.rounds)
        if (round.seed !== null)
          try {
            await judgeRound(record, round, id, signal)
          } catch (error) {
            signal.throwIfAborted()
            // What is not to be had of one round keeps nobody from the next.
            failed ??= error
          }
      if (failed !== undefined) throw failed
    }
  }

  async function judgeRound(record: AuditRecord, round: AuditRound, id: Hex, signal: AbortSignal): Promise<void> {
    const name = `${id}/${round.number}/${round.words.length}/${round.closed}/${round.doubted}`
    if (round.words.length === 0 || judged.has(name) || trainings === undefined) return
    if (now() >= round.until + 2n * (await chain.audits.window()) || !(await hasVoice(record.pool))) return
    const weighed = await models.weighed(record.model)
    signal.throwIfAborted()
    if (weighed === null) return
    const { result } = weighed
    const lots = await trainings.delivered(result, { signal })
    const certificate = await certificates.round(record, round, result, lots)
    if (certificate === undefined) return
    const holds = async (drawn: AuditedSegment): Promise<boolean> => {
      const run = () => trainings.runSegment(result, lots, drawn, signal)
      return (await findings.of(id, round, drawn, run)).agrees
    }
    const looks = round.closed && randomInt(looksAt) === 0
    const doubted = round.doubted || (looks && !(await oneHolds(certificate, holds)))
    const wrong = await wrongOf(certificate, standing(round), holds, doubted)
    for (const { auditor, costs } of wrong) {
      if (auditor === self) continue
      log.warn("an auditor's word is found to be false", { model: record.model, auditor, costs })
      try {
        await chain.audits.blame(id, round.number, auditor, costs)
      } catch (error) {
        if (!refusedWith(error, 'AlreadyBlamed', 'AuditOver', 'NotAValidator', 'AnotherRound')) throw error
      }
    }
    judged.add(name)
    if (judged.size > mostJudged) judged.delete(judged.values().next().value ?? '')
  }
}

/** Chain seconds until which some round's words are judged. */
export const judgedUntil = ({ rounds }: Pick<AuditRecord, 'rounds'>, window: bigint): bigint =>
  rounds.reduce((last, { until }) => (until > last ? until : last), 0n) + 2n * window

/** Whether one segment of those that were found to agree holds, by chance. */
async function oneHolds(
  { segments }: Pick<Certificate, 'segments'>,
  holds: (segment: AuditedSegment) => Promise<boolean>
): Promise<boolean> {
  const agreed = segments.filter(one => one.agreed.length > 0)
  const one = agreed[agreed.length === 0 ? 0 : randomInt(agreed.length)]
  try {
    return one === undefined || (await holds(one))
  } catch (error) {
    // What is not to be had any more says nothing about who had it in time.
    if (isWithheld(error)) return true
    throw error
  }
}

/** An auditor whose word is false. */
export interface Wrong {
  readonly auditor: Address
  /**
   * Not where it only said that it was not given something, or had nothing to say, which may be so for it alone: then
   * what it ran stands.
   */
  readonly costs: boolean
}

/**
 * Auditors whose words are false. One who says that it ran what was another's, or speaks of something else, always; of
 * the others those whom what is found here contradicts, where anybody is against the training or doubts a word. A word
 * is one for all that an auditor ran: one that agrees is false where any of it does not, one that differs where all of
 * it does. That it was not given something is false only where others have run all of that and agree, or have something
 * to say at all where it had nothing to run; that it has nothing to say where others have run all that was its own. Who
 * agrees and leaves out a segment of its own that others ran has nothing to say of that.
 */
export async function wrongOf(
  { subject, segments }: Pick<Certificate, 'subject' | 'segments'>,
  words: readonly AuditorsWord[],
  holds: (segment: AuditedSegment) => Promise<boolean>,
  doubted = false
): Promise<Wrong[]> {
  const disputed = doubted || words.some(isAgainst)
  const found = new Map<AuditedSegment, boolean>()
  const allHold = async (own: readonly AuditedSegment[]): Promise<boolean> => {
    for (const one of own) {
      const known = found.get(one) ?? (await holds(one))
      found.set(one, known)
      if (!known) return false
    }
    return true
  }
  const hasSpoken = ({ word }: AuditorsWord): boolean => word === 'agrees' || word === 'differs'
  const isAbout = (said: AuditorsWord): boolean => hasSpoken(said) && said.subject === subject
  const isSeen = (some: readonly AuditedSegment[]): boolean =>
    some.length > 0 && some.every(one => one.agreed.length > 0)
  const wrong: Wrong[] = []
  for (const said of words) {
    const { auditor, word, runs, missing } = said
    const own = segments.filter(({ auditors }) => auditors.includes(auditor))
    const ran = segments.filter((_, at) => hasRun(said, at))
    const named = segments.filter((_, at) => lacks(said, at))
    const isOwn = (one: AuditedSegment): boolean => own.includes(one)
    const isWrong = async (): Promise<boolean> => {
      if (word === 'nothing') return isSeen(own)
      // Who was given nothing at all could not see which are its own.
      const lacked = word === 'not-served' && missing === 0 ? own : named
      const isElsewhere = (runs | missing) >> segments.length !== 0
      if (word === 'not-served' && own.length === 0) return isElsewhere || words.some(isAbout)
      if (isElsewhere || ![...ran, ...lacked].every(isOwn)) return true
      if (word === 'not-served') return isSeen(lacked) && allHold(lacked)
      if (!isAbout(said)) return true
      return disputed && (await allHold(ran)) === (word === 'differs')
    }
    /** It was given what it says it lacked, or says nothing of what it was drawn for. */
    const isShort = async (): Promise<boolean> =>
      (isSeen(named) && (await allHold(named))) ||
      (word === 'agrees' && own.some(one => ![...ran, ...named].includes(one) && one.agreed.length > 0))
    if (await isWrong()) wrong.push({ auditor, costs: hasSpoken(said) })
    else if (hasSpoken(said) && (await isShort())) wrong.push({ auditor, costs: false })
  }
  return wrong.toSorted((a, b) => (a.auditor < b.auditor ? -1 : 1))
}
