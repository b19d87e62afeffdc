interface Point {
  /** Where an hour begins, milliseconds since 1970. */
  readonly at: number
  readonly amount: string
}

const hourMs = 3_600_000
const shown = 24

/** Sums of the last day by the hour, the oldest first; hours in which nothing came are 0. */
export function hoursOf(points: readonly Point[], now: number): readonly bigint[] {
  const last = Math.floor(now / hourMs)
  const hours = Array.from({ length: shown }, () => 0n)
  for (const { at, amount } of points) {
    const place = shown - 1 - (last - Math.floor(at / hourMs))
    if (place >= 0 && place < shown) hours[place] = (hours[place] ?? 0n) + BigInt(amount)
  }
  return hours
}
