/** What people are shown of models before they choose one, and of an answer once they have it. */
export { createMatches, matchesRecord } from './matches.ts'
export { createProofs } from './proof.ts'
export { createQuality, statedHeldOut } from './quality.ts'
export { createUse, openUseTables } from './use.ts'
