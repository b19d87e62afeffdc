/** Players that one text may owe to, where not all of them are measured in every combination. */
export const maxCandidates = 6

/** How far a player is believed is in parts of this (see division.ts). */
export const calibrationUnit = 1_000_000n
