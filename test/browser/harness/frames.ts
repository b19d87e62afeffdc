import type { Page } from 'playwright-core'

/** How a page moved while something went on: what a hand and an eye notice. */
export interface Frames {
  readonly count: number
  /** Milliseconds between two frames: usual, seldom exceeded, and the longest. */
  readonly median: number
  readonly p95: number
  readonly longest: number
}

const start = `window.frameTimes = []
window.countFrames = true
const frame = at => {
  window.frameTimes.push(at)
  if (window.countFrames) requestAnimationFrame(frame)
}
requestAnimationFrame(frame)`
const end = `window.countFrames = false; window.frameTimes`

/** Counts a page's frames while `during` goes on. */
export async function framesOf(page: Page, during: () => Promise<void>): Promise<Frames> {
  await page.evaluate(start)
  await during()
  const times = await page.evaluate<number[]>(end)
  const gaps = times
    .slice(1)
    .map((at, i) => at - (times[i] ?? at))
    .sort((a, b) => a - b)
  const at = (share: number): number => Math.round(gaps[Math.floor((gaps.length - 1) * share)] ?? 0)
  return { count: gaps.length, median: at(0.5), p95: at(0.95), longest: at(1) }
}

/** Figures of this run, for BENCHMARKS.md; they are told and not held against anybody's machine. */
export function tell(what: string, figures: Record<string, number> | Frames): void {
  const words = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
  console.log(`      measured: ${what}: ${words.join(', ')}`)
}
