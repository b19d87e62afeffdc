/** Days since 1970-01-01, in UTC. */
export type Day = number

/**
 * The day that templates are told where nobody says one: training and held-out rows are the same tokens on every
 * machine and on every day.
 */
export const fixedDay: Day = 20_454 // 2026-01-01

const dayMs = 86_400_000

const two = (n: number): string => String(n).padStart(2, '0')
const named = (date: Date, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' }).format(date)

/** Python's strftime for the directives that chat templates use, in UTC and English; others stay as they are. */
const directives: Record<string, (date: Date) => string> = {
  a: date => named(date, { weekday: 'short' }),
  A: date => named(date, { weekday: 'long' }),
  b: date => named(date, { month: 'short' }),
  B: date => named(date, { month: 'long' }),
  d: date => two(date.getUTCDate()),
  H: date => two(date.getUTCHours()),
  I: date => two(date.getUTCHours() % 12 || 12),
  m: date => two(date.getUTCMonth() + 1),
  M: date => two(date.getUTCMinutes()),
  p: date => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  S: date => two(date.getUTCSeconds()),
  y: date => two(date.getUTCFullYear() % 100),
  Y: date => String(date.getUTCFullYear()),
  Z: () => 'UTC',
  '%': () => '%'
}

const strftime = (date: Date, format: string): string =>
  format.replaceAll(/%-?([A-Za-z%])/g, (found, letter: string) => {
    const text = directives[letter]?.(date)
    if (text === undefined) return found
    return found.startsWith('%-') ? text.replace(/^0(?=\d)/, '') : text
  })

/**
 * What a template sees as now: the beginning of a day. The hour would make a prompt another one at every peer that
 * renders it, and then no two would count the same tokens or the same scores.
 */
export const strftimeOn = (day: Day): ((format: string) => string) => {
  const date = new Date(day * dayMs)
  return format => strftime(date, format)
}
