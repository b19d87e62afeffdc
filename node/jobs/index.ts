// In the order of the flow: a job is posted and announced (service, book), bid for (estimate, worker), awarded
// (builder),
// trained (train, report, follow), delivered and measured (verify, peft), and its product composed (result).
export * from './types.ts'
export { createJobsService } from './service.ts'
export { versionsOf } from './versions.ts'
export { checkAdapterFolder } from './peft.ts'
export { fetchResult } from './result.ts'
export { defaultPolicy, defaultTiming } from './deps.ts'
export type { JobsDeps, JobsTiming, OwnedRow, VersionName, Versions, WorkerPolicy } from './deps.ts'
