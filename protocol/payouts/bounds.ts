/** Players that one text may owe to, where not all of them are measured in every combination. */
export const maxCandidates = 6

/** Models whose fees one epoch divides: those of others wait. */
export const maxEpochModels = 1_000
/** Accounts of one pool that ever were players, or weighed an answer. */
export const maxAccounts = 40_000

/** How far a player is believed is in parts of this (see division.ts). */
export const calibrationUnit = 1_000_000n
