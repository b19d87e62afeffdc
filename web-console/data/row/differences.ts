/** A stretch of a text that is in the other too, or is not. */
export interface Piece {
  readonly text: string
  readonly same: boolean
}

/** Words compared one by one; of longer texts the middle counts as one difference. */
const mostCompared = 400

const wordsOf = (text: string): string[] => text.match(/\s+|[^\s]+/gu) ?? []

/** Neighbours of one kind as one piece. */
function joined(words: readonly string[], same: readonly boolean[]): Piece[] {
  const pieces: { text: string; same: boolean }[] = []
  for (const [i, text] of words.entries()) {
    const last = pieces.at(-1)
    const isSame = same[i] ?? false
    if (last !== undefined && last.same === isSame) last.text += text
    else pieces.push({ text, same: isSame })
  }
  return pieces
}

/** The words of two texts that the other has not, by their longest common subsequence. */
export function differences(a: string, b: string): readonly [readonly Piece[], readonly Piece[]] {
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const [sameLeft, sameRight] = [left.map(() => false), right.map(() => false)]
  let start = 0
  while (start < left.length && start < right.length && left[start] === right[start]) {
    sameLeft[start] = true
    sameRight[start] = true
    start++
  }
  let end = 0
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) {
    sameLeft[left.length - 1 - end] = true
    sameRight[right.length - 1 - end] = true
    end++
  }
  const [rows, columns] = [left.length - start - end, right.length - start - end]
  if (rows > 0 && columns > 0 && rows <= mostCompared && columns <= mostCompared) {
    // lengths[i][j]: of what the rests from i and j have in common.
    const width = columns + 1
    const lengths = new Uint16Array((rows + 1) * width)
    for (let i = rows - 1; i >= 0; i--)
      for (let j = columns - 1; j >= 0; j--)
        lengths[i * width + j] =
          left[start + i] === right[start + j]
            ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
            : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0)
    for (let i = 0, j = 0; i < rows && j < columns;) {
      if (left[start + i] === right[start + j]) {
        sameLeft[start + i] = true
        sameRight[start + j] = true
        i++
        j++
      } else if ((lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) i++
      else j++
    }
  }
  return [joined(left, sameLeft), joined(right, sameRight)]
}
