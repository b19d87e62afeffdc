// In the order of the flow: a job is posted and announced (service, book), bid for and trained (worker/), awarded,
// measured and paid (builder/), and its product composed (result).
export * from './types.ts'
export { createJobsService } from './service.ts'
export { checkDataShare, versionsOf } from './versions.ts'
export { maxDrafts } from './drafts.ts'
export { isOver, trainerOf } from './views.ts'
export type { DeclineCode, DeclineView } from './worker/index.ts'
export { mustBeModel } from './builder/index.ts'
export { fetchResult } from './result.ts'
export { drawOf } from './draw.ts'
export { maxContentBytes } from './limits.ts'
export { defaultPolicy, defaultTiming } from './deps.ts'
export type { JobsDeps, JobsTiming, OwnedRow, VersionName, Versions, WorkerPolicy } from './deps.ts'
