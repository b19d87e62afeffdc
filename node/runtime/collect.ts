import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Share of a period that a thread may have been busy and still count as idle. */
const idleShare = 0.5
/** Bytes that a heap must hold beyond what was left the last time, for a collection to be worth its pause. */
const worthwhile = 12 << 20
/** And so many milliseconds after the last one; with more to collect sooner, in proportion. */
const apartMs = 120_000

let collector: (() => void) | undefined

/**
 * Collects this thread's garbage now and gives its pages back. V8 collects when it needs room, so a thread that has
 * little to do keeps what it once needed for good: a third of an idle node's heap.
 */
export function collect(): void {
  if (collector === undefined) {
    setFlagsFromString('--expose-gc')
    collector = runInNewContext('gc') as () => void
  }
  collector()
}

/**
 * Looks every so often whether this thread was idle and has something to collect. Keeps no process alive.
 * @returns stop
 */
export function collectWhenIdle(everyMs: number): () => void {
  let left = 0
  let last = -Infinity
  let before = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    const { heapTotal, external } = process.memoryUsage()
    const grown = (heapTotal + external - left) / worthwhile
    if (utilization > idleShare || grown < Math.max(1, apartMs / (performance.now() - last))) return
    collect()
    last = performance.now()
    const after = process.memoryUsage()
    left = after.heapTotal + after.external
  }, everyMs)
  timer.unref()
  return () => {
    clearInterval(timer)
  }
}
