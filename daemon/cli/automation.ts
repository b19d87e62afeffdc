import type { AutomationView } from '../api/contract/index.ts'
import { dim, duration, safe } from './output.ts'

/** What is shown of what will be done next. */
const shown = 3

const until = (at: number, now: number): string => (at <= now ? 'now' : `in ${duration(Math.round((at - now) / 1000))}`)
const since = (at: number, now: number): string => `${duration(Math.max(0, Math.round((now - at) / 1000)))} ago`

/** One of the things that a node does by itself: what comes next and when, or why not, and what was done last. */
export function automationText({ name, on, next, last }: AutomationView, now: number): string {
  if (!on) return `${name.padEnd(10)}${dim('switched off: by hand only')}`
  const lines = next
    .slice(0, shown)
    .map(({ what, why, at }) => `${safe(what)}${at === null ? '' : ` ${until(at, now)}`}: ${safe(why)}`)
  if (next.length > shown) lines.push(`and ${next.length - shown} more`)
  if (last !== null) {
    const failed = last.failed === null ? '' : `, which failed: ${safe(last.failed)}`
    lines.push(dim(`${since(last.at, now)}: ${safe(last.what)}${failed}`))
  }
  return `${name.padEnd(10)}${lines.length === 0 ? dim('nothing to do') : lines.join(`\n${' '.repeat(19)}`)}`
}
