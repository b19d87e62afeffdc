/** Hours of a day, in minutes after midnight: from (inclusive) to (exclusive); over midnight where `to` is earlier. */
export interface Hours {
  readonly from: number
  readonly to: number
}
export const minutesInDay = 1440

const within = ({ from, to }: Hours, minute: number): boolean =>
  from === to || (from < to ? minute >= from && minute < to : minute >= from || minute < to)

/** Minutes until one of the hours begins; 0 within one of them, and where there are none. */
export function minutesUntilOpen(hours: readonly Hours[], minute: number): number {
  if (hours.length === 0 || hours.some(one => within(one, minute))) return 0
  return Math.min(...hours.map(({ from }) => (from - minute + minutesInDay) % minutesInDay))
}

/** Minutes until none of the hours holds any more: 0 outside of all, Infinity where none are named or none ends. */
export function minutesUntilClosed(hours: readonly Hours[], minute: number): number {
  if (hours.length === 0) return Infinity
  let passed = 0
  // Hours that meet or overlap are one: it goes on to the latest end, and again from there.
  while (passed < minutesInDay) {
    const at = (minute + passed) % minutesInDay
    const left = hours
      .filter(one => within(one, at))
      .map(({ to }) => (to === at ? minutesInDay : (to - at + minutesInDay) % minutesInDay))
    if (left.length === 0) return passed
    passed += Math.max(...left)
  }
  return Infinity
}
