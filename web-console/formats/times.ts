const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'long' })
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

/** To the second, with the zone: what a time says on hover. */
export const exactTime = (ms: number): string => exact.format(ms)

/** How long something takes: 40 ms, 0.4 s, 12 s, 3 min, 2 h 5 min, 4 days. */
export function durationText(seconds: number): string {
  if (seconds > 0 && seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))} ms`
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.round(hours / 24)} days`
}

/** A time beside now: just now, 3 min ago, in 2 h; the day when it is far off. */
export function agoText(ms: number, now: number): string {
  const seconds = (now - ms) / 1000
  if (Math.abs(seconds) < 5) return 'just now'
  if (Math.abs(seconds) > 7 * 86_400) return day.format(ms)
  const text = durationText(Math.round(Math.abs(seconds)))
  return seconds > 0 ? `${text} ago` : `in ${text}`
}
