import type { PayoutsDeps } from '../types.ts'
import { createAuditor } from './auditor.ts'
import type { Auditor, AuditorParts } from './auditor.ts'
import { createFindings } from './findings.ts'
import { createJudging } from './judging.ts'
import type { JudgingParts } from './judging.ts'
import { createOpening } from './opening.ts'
import type { Opening } from './opening.ts'
import { createTerms } from './terms.ts'

// Before a model earns, steps of its trainings are run again: certificates (what the auditors' words on chain come to),
// auditor (draws, runs and speaks, where chance has drawn this node), opening (a builder's own models).
export { auditWords, createCertificates } from './certificates.ts'
export type { Certificates } from './certificates.ts'
export { wrongOf } from './judging.ts'

/** A node's part in audits: as the builder of what is audited, as an auditor and as a validator. */
export function createAudits(
  deps: PayoutsDeps,
  parts: Omit<AuditorParts & JudgingParts, 'findings' | 'judging' | 'terms'>
): { readonly auditor: Auditor; readonly opening: Opening } {
  const findings = createFindings(deps)
  const terms = createTerms(deps, parts)
  const judging = createJudging(deps, { ...parts, findings })
  return {
    auditor: createAuditor(deps, { ...parts, findings, judging, terms }),
    opening: createOpening(deps, { ...parts, terms })
  }
}
