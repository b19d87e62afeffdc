// How many of a model's answers are weighed, and what money goes by which: drawn from chain randomness that nobody
// knows before the epoch's receipts stand on chain, and nobody can choose.

/**
 * Of a model's answers all are drawn up to `least`; of more, so many or one in `oneIn`, whichever is more. With three
 * scorers and seventeen adapters each, one in 128 comes to 0.4 forward passes for each answer that was given.
 */
export const drawRule = { least: 64, oneIn: 128 } as const

/** How many draws are made of so many answers. */
export const drawCount = (answers: number): number =>
  Math.min(answers, Math.max(drawRule.least, Math.ceil(answers / drawRule.oneIn)))

/** Some of a model's money, and the answer that it is divided by. */
export interface Piece {
  /** Its place among the model's answers. */
  readonly answer: number
  readonly money: bigint
}

/**
 * A model's money in equal pieces, each for an answer: the one that has a random one of the piece's own units. So an
 * answer is expected to get exactly what it brought, whoever made it and whatever it says; and what is signed as many
 * receipts instead of one gets no more together.
 * @param brought what each answer brought, in the order of the epoch's receipts; something in all
 * @param below a uniform integer in [0, bound)
 */
export function piecesOf(brought: readonly bigint[], count: number, below: (bound: bigint) => bigint): Piece[] {
  const total = brought.reduce((sum, money) => sum + money, 0n)
  const pieces: Piece[] = []
  const parts = BigInt(count)
  let [answer, end] = [0, brought[0] ?? total]
  for (let k = 0n; k < parts; k++) {
    // Over all k and all that can be drawn each unit of the money is met equally often, to the last one.
    const unit = (k * total + below(total)) / parts
    while (unit >= end) end += brought[++answer] ?? total
    pieces.push({ answer, money: ((k + 1n) * total) / parts - (k * total) / parts })
  }
  return pieces
}
