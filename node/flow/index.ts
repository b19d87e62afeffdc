// How the whole flow stands, as this node sees it: behind the phases, and none of them imports it.
export type * from './types.ts'
export { createFlow } from './flow.ts'
