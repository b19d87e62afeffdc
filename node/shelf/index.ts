// A folder is asked for (shelf), its sizes held to a row (limits), given room (room), fetched once for all who ask
// (fetches, pace), and stands on disk whole or not at all (disk).
export * from './types.ts'
export { createShelf } from './shelf.ts'
export type { ShelfDeps } from './shelf.ts'
export { defaultPace, defaultQuota, kindLimits } from './limits.ts'
export { checkShelf } from './check.ts'
