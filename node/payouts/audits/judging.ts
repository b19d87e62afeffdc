import { withheldSubject } from '../../../protocol/jobs/index.ts'
import type { AuditedSegment, Certificate } from '../../../protocol/jobs/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { AuditRecord, AuditRound } from '../../chain/types.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'
import type { Findings } from './findings.ts'

/** Rounds that were judged; of more, those judged longest ago may be looked at again, at no cost but reading. */
const mostJudged = 256

export interface Judging {
  /**
   * Where somebody is against a training somebody is wrong: a validator of the Datanet runs what its auditors ran, and
   * is against those whose word it finds false. With two thirds of the roster against it an auditor loses a tenth of
   * the least stake and its seat, and its word is struck. Once that time is over nothing is judged.
   * @throws as the segments' files and engine
   */
  judge(record: AuditRecord, round: AuditRound, id: Hex, signal: AbortSignal): Promise<void>
}

export function createJudging(
  { chain, log, trainings, self }: Pick<PayoutsDeps, 'chain' | 'log' | 'trainings' | 'self'>,
  {
    certificates,
    models,
    findings,
    hasVoice,
    now
  }: {
    readonly certificates: Certificates
    readonly models: Pick<Models, 'weighed'>
    readonly findings: Findings
    readonly hasVoice: (pool: Hex) => Promise<boolean>
    /** Chain seconds. */
    readonly now: () => bigint
  }
): Judging {
  const judged = new Set<string>()
  return {
    async judge(record, round, id, signal) {
      const name = `${id}/${round.number}/${round.words.length}`
      if (round.words.every(({ agrees }) => agrees) || judged.has(name) || trainings === undefined) return
      if (now() >= round.until + 2n * (await chain.audits.window()) || !(await hasVoice(record.pool))) return
      const weighed = await models.weighed(record.model)
      if (weighed === null) return
      const { result } = weighed
      const lots = await trainings.delivered(result, { signal })
      const certificate = await certificates.round(record, round, result, lots)
      if (certificate === undefined) return
      const wrong = await wrongOf(certificate, round.words, async drawn => {
        const run = () => trainings.runSegment(result, lots, drawn, signal)
        return (await findings.of(id, round, drawn, run)).agrees
      })
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
}

/** An auditor whose word is false. */
export interface Wrong {
  readonly auditor: Address
  /** Not where it only said that it was given nothing, which may be so for it alone. */
  readonly costs: boolean
}

/**
 * Auditors whose words what is found here shows to be false, where anybody is against the training. A word is one for
 * all that an auditor ran: one that agrees is false where any of it does not, one that disagrees where all of it does,
 * where it had nothing to run, and where it is about something else. One of what was withheld is only where another has
 * run the same and agrees, or has something to say at all where it had nothing to run.
 */
export async function wrongOf(
  { subject, segments }: Pick<Certificate, 'subject' | 'segments'>,
  words: AuditRound['words'],
  holds: (segment: AuditedSegment) => Promise<boolean>
): Promise<Wrong[]> {
  if (words.every(({ agrees }) => agrees)) return []
  const found = new Map<AuditedSegment, boolean>()
  const allHold = async (own: readonly AuditedSegment[]): Promise<boolean> => {
    for (const one of own) {
      const known = found.get(one) ?? (await holds(one))
      found.set(one, known)
      if (!known) return false
    }
    return true
  }
  const wrong: Wrong[] = []
  for (const { auditor, agrees, subject: about } of words) {
    const own = segments.filter(({ auditors }) => auditors.includes(auditor))
    const isWrong = async (): Promise<boolean> => {
      if (agrees) return about === subject && !(await allHold(own))
      if (about === subject) return allHold(own)
      if (about !== withheldSubject(subject)) return true
      const seen =
        own.length === 0 ? words.some(one => one.subject === subject) : own.every(one => one.agreed.length > 0)
      return seen && allHold(own)
    }
    if (await isWrong()) wrong.push({ auditor, costs: agrees || about !== withheldSubject(subject) })
  }
  return wrong.toSorted((a, b) => (a.auditor < b.auditor ? -1 : 1))
}
