import { gauge } from './metrics.ts'
import type { Metrics } from './metrics.ts'

/**
 * What this process holds now: its resident set, and of that what this thread's objects and the buffers behind them
 * take. What is neither is the program, other threads, databases, and what the allocator has not given back.
 */
export function declareMemoryMetrics(metrics: Metrics): void {
  gauge(metrics, 'tilth_memory_bytes', 'Memory of the process, by what holds it', ['of'], self => {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    self.set({ of: 'process' }, rss)
    self.set({ of: 'objects' }, heapUsed)
    self.set({ of: 'heap' }, heapTotal)
    self.set({ of: 'buffers' }, external)
  })
}
