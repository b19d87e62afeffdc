// In the order of the flow.
export { voiceOf } from './voice.ts'
export { createAhead } from './ahead.ts'
export { createExamining } from './examine.ts'
export { createWatcher } from './watcher.ts'
export type { Watcher } from './watcher.ts'
