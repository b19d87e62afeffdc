import type { Hex } from '../../../protocol/primitives/index.ts'
import type { OpenRound } from '../rounds/index.ts'
import type { Scorings } from '../scorer/index.ts'

/** Answers of a round on which a word is still to come: each is looked at until it has all of them, and no more. */
export interface Lacking {
  /** In the order of receipts. */
  of(open: OpenRound): Promise<Hex[]>
}

export function createLacking(scorings: Pick<Scorings, 'lacks'>): Lacking {
  let of = ''
  let left: readonly number[] = []
  return {
    async of(open) {
      const { seed, commitments } = open.round.drawn
      // Another draw, or one who commits late, begins it anew.
      const now = `${seed} ${commitments.size}`
      if (now !== of) left = [...open.ids.keys()]
      of = now
      const still: number[] = []
      for (const at of left) if (await scorings.lacks(open, at)) still.push(at)
      left = still
      return left.flatMap(at => open.ids[at] ?? [])
    }
  }
}
