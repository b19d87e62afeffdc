// What the contract of audits counts (TrainingAudits.sol), in words.

/** Auditors of one segment, where so many of the panel may; so many runs of it are paid. */
export const auditorsEach = 3

/**
 * What one of the panel may say, in the contract's order from 1. `not-served`: something that it takes to run its
 * segments is given to nobody; `nothing`: it was drawn for none, or cannot run them. Who ran some of its segments names
 * beside them those that it was not given.
 */
export const auditorWords = ['agrees', 'differs', 'not-served', 'nothing'] as const
export type AuditorWord = (typeof auditorWords)[number]
