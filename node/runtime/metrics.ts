import { Counter, Gauge, Histogram, Registry } from 'prom-client'

// A metric is declared beside the code that moves it, by these; asking twice for a name gives the same metric, so that
// tests may run many nodes in one process, each with its own registry.

/** A registry of its own for each node. */
export const createMetrics = (): Registry => new Registry()
export type { Registry }

export function counter<L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[] = []
): Counter<L> {
  const known = registry.getSingleMetric(name)
  return known instanceof Counter
    ? (known as Counter<L>)
    : new Counter({ name, help, labelNames: [...labelNames], registers: [registry] })
}

/** `read`, if given, is asked at every scrape. */
export function gauge<L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  read?: (gauge: Gauge<L>) => void
): Gauge<L> {
  const known = registry.getSingleMetric(name)
  if (known instanceof Gauge) return known as Gauge<L>
  return new Gauge<L>({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    ...(read === undefined
      ? {}
      : {
          collect() {
            read(this as unknown as Gauge<L>)
          }
        })
  })
}

export function histogram<L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly L[] = []
): Histogram<L> {
  const known = registry.getSingleMetric(name)
  return known instanceof Histogram
    ? (known as Histogram<L>)
    : new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [registry] })
}
