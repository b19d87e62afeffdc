// What this phase takes from the network at most, beside the limits of its topic and protocol (protocol/wire).

/**
 * Jobs remembered: of more, one that is over goes; where all are open, one without money behind it, or the one that
 * offers least, for one that offers more.
 */
export const maxKnownJobs = 5_000
/** From so many open ones on only such are taken as have money behind them. */
export const crowdedJobs = 4_000
/** Builders whose money is looked for to make room for one job: the next one goes on behind them. */
export const askedForRoom = 8
/** Jobs that offer less of which it is looked up what they have in escrow, for the place of one. */
export const weighedForRoom = 512
/**
 * What is in escrow for a job counts so many times as much as what only stands on its builder's account, which may be
 * gone a moment later: who wants the place of a job that is paid for has that many times its money.
 */
export const escrowCounts = 8n
/** Open jobs of one builder: nobody fills the memory of all others. */
export const maxOpenPerBuilder = 64
/** Bids kept per job, one for each worker. */
export const maxBids = 1_000
/** Awards kept per job: each lot may be offered again some times. */
export const maxAwards = 2_000
/**
 * Bids, awards and deliveries of all jobs together, a kilobyte each; beyond, of each open one no more than so many, but
 * for awards in escrow and where a job that has less behind it makes room.
 */
export const maxPapers = 200_000
export const fewPapers = 40
/** Bytes of a delivery's content: CIDs and losses. */
export const maxContentBytes = 64 * 2 ** 20
/** Bytes of one committed state of a training: weights, moments and average. */
export const maxStateBytes = 2 ** 30
/** Bytes of all committed states of a delivery: a worker writes none where they would be more. */
export const mostStateBytes = 16 * 2 ** 30
/** Bytes of a job's result: 4,096 CIDs and bitmasks. */
export const maxResultBytes = 2 * 2 ** 20
/** Awards whose progress is kept in memory; of more, those heard of longest ago are forgotten. */
export const maxLives = 4_096
/**
 * Losses that an award's worker may tell: a stream that breaks begins again with the first, so each step's several
 * times over at once, and all of them again every minute.
 */
export const lossesAtOnce = (steps: number): number => 8 * steps + 8_192
export const lossesPerSecond = (steps: number): number => Math.max(20, steps / 60)
/** Times that a lot's training is tried again from its checkpoint before the worker gives it back. */
export const maxTrainingTries = 3
