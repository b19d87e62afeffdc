/** What errors of this module are called; one that is not here does not compile. */
export type ProtocolJobsErrorCode =
  | 'assignment.transition'
  | 'award.cheap'
  | 'award.deadline'
  | 'award.job'
  | 'award.late'
  | 'award.lot'
  | 'award.price'
  | 'award.unpaid'
  | 'bid.dear'
  | 'bid.expires'
  | 'bid.job'
  | 'bid.late'
  | 'bid.seconds'
  | 'bid.self'
  | 'bid.slow'
  | 'closed.job'
  | 'closed.result'
  | 'delivery.count'
  | 'delivery.lot'
  | 'delivery.steps'
  | 'delivery.worker'
  | 'job.budget'
  | 'job.deadline'
  | 'job.future'
  | 'job.late'
  | 'job.transition'
  | 'players.many'
  | 'players.none'

declare module '../primitives/errors.ts' {
  interface ErrorCodesByModule {
    'protocol/jobs': ProtocolJobsErrorCode
  }
}
