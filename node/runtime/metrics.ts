import { Counter, Gauge, Histogram, Registry as Metrics } from 'prom-client'

// A metric is declared beside the code that moves it, by these; asking twice for a name gives the same metric, so that
// tests may run many nodes in one process, each with metrics of its own.

/** One for each node. */
export const createMetrics = (): Metrics => new Metrics()
export type { Metrics }

export function counter<L extends string = never>(
  metrics: Metrics,
  name: string,
  help: string,
  labelNames: readonly L[] = []
): Counter<L> {
  const known = metrics.getSingleMetric(name)
  return known instanceof Counter
    ? (known as Counter<L>)
    : new Counter({ name, help, labelNames: [...labelNames], registers: [metrics] })
}

/** `read`, if given, is asked at every scrape, which waits for it; it does not throw. */
export function gauge<L extends string = never>(
  metrics: Metrics,
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  read?: (gauge: Gauge<L>) => Promise<void> | void
): Gauge<L> {
  const known = metrics.getSingleMetric(name)
  if (known instanceof Gauge) return known as Gauge<L>
  return new Gauge<L>({
    name,
    help,
    labelNames: [...labelNames],
    registers: [metrics],
    ...(read === undefined
      ? {}
      : {
          collect() {
            return read(this as unknown as Gauge<L>)
          }
        })
  })
}

export function histogram<L extends string = never>(
  metrics: Metrics,
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly L[] = []
): Histogram<L> {
  const known = metrics.getSingleMetric(name)
  return known instanceof Histogram
    ? (known as Histogram<L>)
    : new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [metrics] })
}
