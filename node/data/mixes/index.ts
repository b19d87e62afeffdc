export { createMade } from './made.ts'
export { createParents, questionsOf } from './parents.ts'
export type { Parents } from './parents.ts'
export { createUnion } from './union.ts'
