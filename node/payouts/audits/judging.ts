import type { AuditedSegment } from '../../../protocol/jobs/index.ts'
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
   * Where auditors contradict each other somebody is wrong: a validator of the Datanet runs what they ran, and is
   * against those whose word it finds false. With two thirds of the roster against it an auditor loses a tenth of the
   * least stake and its seat.
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
    hasVoice
  }: {
    readonly certificates: Certificates
    readonly models: Pick<Models, 'weighed'>
    readonly findings: Findings
    readonly hasVoice: (pool: Hex) => Promise<boolean>
  }
): Judging {
  const judged = new Set<string>()
  return {
    async judge(record, round, id, signal) {
      const name = `${id}/${round.number}/${round.words.length}`
      const said = new Set(round.words.map(({ agrees }) => agrees))
      if (said.size < 2 || judged.has(name) || trainings === undefined || !(await hasVoice(record.pool))) return
      const weighed = await models.weighed(record.model)
      if (weighed === null) return
      const { result } = weighed
      const lots = await trainings.delivered(result, { signal })
      const { segments = [] } = (await certificates.round(record, round, result, lots)) ?? {}
      const wrong = await wrongOf(segments, async drawn => {
        const run = () => trainings.runSegment(result, lots, drawn, signal)
        return (await findings.of(id, round, drawn, run)).agrees
      })
      for (const auditor of wrong) {
        if (auditor === self) continue
        log.warn("an auditor's word is found to be false", { model: record.model, auditor })
        try {
          await chain.audits.blame(id, round.number, auditor)
        } catch (error) {
          if (!refusedWith(error, 'AlreadyBlamed', 'AuditOver', 'NotAValidator', 'AnotherRound')) throw error
        }
      }
      judged.add(name)
      if (judged.size > mostJudged) judged.delete(judged.values().next().value ?? '')
    }
  }
}

/**
 * Auditors whose words what is found here shows to be false. A word is one for all that an auditor ran: one that agrees
 * is false where any of it does not, one that disagrees where all of it does.
 */
export async function wrongOf(
  segments: readonly AuditedSegment[],
  holds: (segment: AuditedSegment) => Promise<boolean>
): Promise<Address[]> {
  const disputed = segments.some(({ agreed, disagreed }) => agreed.length > 0 && disagreed.length > 0)
  if (!disputed) return []
  const found = new Map<AuditedSegment, boolean>()
  for (const one of segments) found.set(one, await holds(one))
  const own = (auditor: Address): boolean[] =>
    segments.flatMap(one => (one.auditors.includes(auditor) ? [found.get(one) === true] : []))
  const yes = new Set(segments.flatMap(({ agreed }) => agreed))
  const no = new Set(segments.flatMap(({ disagreed }) => disagreed))
  return [
    ...[...yes].filter(auditor => own(auditor).includes(false)),
    ...[...no].filter(auditor => !own(auditor).includes(false))
  ].sort()
}
