import { createChainTime } from '../../chain/index.ts'
import type { PayoutsDeps } from '../types.ts'
import { createAuditor } from './auditor.ts'
import type { Auditor, AuditorParts } from './auditor.ts'
import { createFindings } from './findings.ts'
import { createJudging } from './judging.ts'
import type { JudgingParts } from './judging.ts'
import { createSpeaking } from './speaking.ts'
import { createWords } from './words.ts'
import { createOpening } from './opening.ts'
import type { Opening } from './opening.ts'
import { createTerms } from './terms.ts'

// Before a model earns, steps of its trainings are run again: certificates (what the auditors' words on chain come to),
// auditor (draws, runs and speaks, where chance has drawn this node: turns, speaking, words, and draws, which says the
// last word in time), judging, opening (a builder's own models).
export { auditWords, createCertificates } from './certificates.ts'
export type { Certificates } from './certificates.ts'
export { wrongOf } from './judging.ts'

/** A node's part in audits: as the builder of what is audited, as an auditor and as a validator. */
export function createAudits(
  deps: PayoutsDeps,
  parts: Omit<AuditorParts & JudgingParts, 'findings' | 'judging' | 'terms' | 'words' | 'speaking' | 'chainTime'>
): { readonly auditor: Auditor; readonly opening: Opening } {
  const findings = createFindings(deps)
  const terms = createTerms(deps, parts)
  const words = createWords(deps)
  const chainTime = createChainTime(deps)
  const speaking = createSpeaking(deps, { ...parts, findings, words, chainTime })
  const judging = createJudging(deps, { ...parts, findings })
  return {
    auditor: createAuditor(deps, { ...parts, words, speaking, judging, terms, chainTime }),
    opening: createOpening(deps, { ...parts, terms })
  }
}
