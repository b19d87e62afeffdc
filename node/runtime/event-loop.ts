import { monitorEventLoopDelay } from 'node:perf_hooks'
import { gauge } from './metrics.ts'
import type { Metrics } from './metrics.ts'

/** Milliseconds between looks: it is looked at by the system's timer, which no program runs for. */
const resolution = 100

const quantiles = [
  ['0.5', 50],
  ['0.99', 99],
  ['1', 100]
] as const

/** For how long this thread kept everything else waiting, since the last time that its metrics were read. */
export function declareEventLoopMetrics(metrics: Metrics): void {
  const delays = monitorEventLoopDelay({ resolution })
  delays.enable()
  gauge(
    metrics,
    'tilth_event_loop_delay_seconds',
    'How long the main thread kept others waiting, since these were read last',
    ['quantile'],
    self => {
      for (const [quantile, percent] of quantiles)
        // What is recorded is the whole time between two looks.
        self.set({ quantile }, Math.max(0, delays.percentile(percent) / 1e6 - resolution) / 1000)
      delays.reset()
    }
  )
}
