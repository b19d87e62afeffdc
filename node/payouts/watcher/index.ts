// In the order of the flow.
export { createWatcher } from './watcher.ts'
export type { Watcher } from './watcher.ts'
