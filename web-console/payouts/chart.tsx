import { Suspense, lazy } from 'react'
import { useCall } from '../api/index.ts'
import { amountText } from '../formats/index.ts'
import { Empty, Loading, Read, Section, useNow } from '../parts/index.ts'
import { risingLines } from './over-time.ts'

const Series = lazy(async () => ({ default: (await import('../parts/series.tsx')).Series }))

/** What came in over time, by kind of work. */
export function OverTime({ account }: { readonly account: string }) {
  const series = useCall('earningsOver', { account })
  const now = useNow()
  return (
    <Section title="What came in over time" note="All that had come in by then, by kind of work, in TILTH.">
      <Read from={series} what="what came in over time">
        {view => {
          const { xs, lines } = risingLines(view, now)
          return xs.length === 0 ? (
            <Empty title="Nothing came in yet." />
          ) : (
            <>
              <Suspense fallback={<Loading what="the chart" lines={6} />}>
                <Series
                  label={`What came in by ${lines.map(({ name }) => name.toLowerCase()).join(', ')}, rising over time`}
                  xs={xs}
                  lines={lines}
                  times
                />
              </Suspense>
              {BigInt(view.before) > 0n ? (
                <p className="earnings-soft">{amountText(view.before)} came in before that.</p>
              ) : null}
            </>
          )
        }}
      </Read>
    </Section>
  )
}
