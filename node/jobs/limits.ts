// What this phase takes from the network at most, beside the limits of its topic and protocol (protocol/wire).

/** Jobs remembered; beyond it the oldest closed ones are forgotten, and new ones ignored while all are open. */
export const maxKnownJobs = 5_000
/** Open jobs of one builder: nobody fills the memory of all others. */
export const maxOpenPerBuilder = 64
/** Bids kept per job, one for each worker. */
export const maxBids = 1_000
/** Awards kept per job: each lot may be offered again some times. */
export const maxAwards = 2_000
/** Bytes of a base model's folder: the largest that a consumer's card tunes with QLoRA. */
export const maxBaseBytes = 200 * 2 ** 30
/** Bytes of one adapter's folder: rank 256 on every projection of an 8B model is 1.3 GB in 16 bits. */
export const maxAdapterBytes = 4 * 2 ** 30
/** Bytes of a delivery's content: CIDs and losses. */
export const maxContentBytes = 64 * 2 ** 20
/** Bytes of a job's result: 4,096 CIDs and bitmasks. */
export const maxResultBytes = 2 * 2 ** 20
/** Times that a lot's training is tried again from its checkpoint before the worker gives it back. */
export const maxTrainingTries = 3
