import type { DeclineCode } from './worker/declines.ts'

/** What errors of this module are called; one that is not here does not compile. */
export type JobsErrorCode =
  | DeclineCode
  | 'adapter.layout'
  | 'adapter.numbers'
  | 'adapter.settings'
  | 'adapter.untrained'
  | 'audit.sibling'
  | 'award.coalitions'
  | 'award.known'
  | 'award.many'
  | 'award.uninvited'
  | 'award.unknown'
  | 'bid.many'
  | 'bid.old'
  | 'closed.known'
  | 'consent.signature'
  | 'delivery.log'
  | 'delivery.loss'
  | 'delivery.unlearnt'
  | 'draft.late'
  | 'draft.many'
  | 'draft.unknown'
  | 'job.award'
  | 'job.base'
  | 'job.base-unknown'
  | 'job.builder'
  | 'job.delivered'
  | 'job.draw'
  | 'job.expired'
  | 'job.funds'
  | 'job.known'
  | 'job.manifest'
  | 'job.many'
  | 'job.not-ours'
  | 'job.over'
  | 'job.spec'
  | 'job.transition'
  | 'job.unknown'
  | 'job.version'
  | 'progress.flood'
  | 'progress.steps'
  | 'result.invalid'
  | 'result.old'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/jobs': JobsErrorCode
  }
}
