/**
 * One of each list in turn, each list's first ones first: a crowd in one hides no other. A step is one of a list that
 * still has some, so whoever stops early has paid for no more than it took and one look at each list.
 */
export function* inTurn<T>(lists: Iterable<readonly T[]>, most = Infinity): Generator<T> {
  let round: Iterable<readonly T[]> = lists
  for (let i = 0; i < most; i++) {
    const longer: (readonly T[])[] = []
    for (const list of round) {
      const one = list[i]
      if (one === undefined) continue
      if (i + 1 < list.length) longer.push(list)
      yield one
    }
    if (longer.length === 0) return
    round = longer
  }
}
