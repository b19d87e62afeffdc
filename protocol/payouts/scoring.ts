// What a scorer is paid for a word on an answer that counts. It comes out of that answer's own money and is the same
// part of it whoever else has weighed it. So nobody's receipts pay for the weighing of others', a scorer gains nothing
// by another's absence, seats in a pool that brings nothing bring nothing, and who weighs what its own friends have
// asked gets back a part of what they paid.

/** In basis points of what an answer brings the pool, for each of the three words at most that count. */
export const wordPoints = 200n

/** Rounded down: what is lost stays with the answer. */
export const payOfWord = (money: bigint): bigint => (money * wordPoints) / 10_000n
