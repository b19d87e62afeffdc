// Before a model earns, steps of its trainings are run again: certificates (what the auditors' words on chain come to),
// auditor (draws, runs and speaks, where chance has drawn this node), opening (a builder's own models).
export { createAuditor } from './auditor.ts'
export { auditWords, createCertificates } from './certificates.ts'
export type { Certificates } from './certificates.ts'
export { createFindings } from './findings.ts'
export { createJudging, wrongOf } from './judging.ts'
export { createOpening } from './opening.ts'
export { createTerms } from './terms.ts'
