import { z } from 'zod'
import { heldOutPoint } from '../../../protocol/jobs/curve.ts'
import type { TrainingCurve } from '../../../protocol/jobs/curve.ts'

/** What `jobs.progress` says, as far as a chart shows it. */
const progressNews = z.object({
  job: z.string(),
  award: z.string(),
  lot: z.object({ kind: z.string() }),
  progress: z.object({
    step: z.int(),
    steps: z.int(),
    tokensPerSecond: z.number(),
    secondsLeft: z.number(),
    lr: z.number().optional()
  }),
  losses: z.array(z.number()),
  heldOut: z.array(heldOutPoint)
})
export type ProgressNews = z.infer<typeof progressNews>

/** Undefined for news of another job, of siblings, or of another version. */
export function progressOf(job: string, data: unknown): ProgressNews | undefined {
  const read = progressNews.safeParse(data)
  return read.success && read.data.job === job && read.data.lot.kind === 'adapter' ? read.data : undefined
}

/** A curve with what news have said since it was read. Steps that are said again take the place of what was there. */
export function withNews(curve: TrainingCurve, news: ProgressNews, at: number): TrainingCurve {
  const { progress, losses, heldOut } = news
  const from = progress.step - losses.length
  const known = curve.losses.filter(({ step }) => step <= from)
  const measured = new Map([...curve.heldOut, ...heldOut].map(({ step, loss }) => [step, loss]))
  return {
    steps: progress.steps,
    losses: [...known, ...losses.map((loss, i) => ({ step: from + i + 1, loss }))],
    heldOut: [...measured].sort(([a], [b]) => a - b).map(([step, loss]) => ({ step, loss })),
    pace: [
      ...curve.pace.filter(({ step }) => step < progress.step),
      { step: progress.step, at, tokensPerSecond: progress.tokensPerSecond, lr: progress.lr ?? null }
    ]
  }
}

export const emptyCurve: TrainingCurve = { steps: 0, losses: [], heldOut: [], pace: [] }

interface Aligned {
  readonly xs: number[]
  readonly lines: (number | null)[][]
}

/** Several series over the same steps, as a chart wants them: where one says nothing there is null. */
export function aligned(
  ...series: readonly (readonly { readonly step: number; readonly value: number | null }[])[]
): Aligned {
  const xs = [...new Set(series.flatMap(points => points.map(({ step }) => step)))].sort((a, b) => a - b)
  const lines = series.map(points => {
    const values = new Map(points.map(({ step, value }) => [step, value]))
    return xs.map(step => values.get(step) ?? null)
  })
  return { xs, lines }
}

export const lossLines = ({ losses, heldOut }: TrainingCurve): Aligned =>
  aligned(
    losses.map(({ step, loss }) => ({ step, value: loss })),
    heldOut.map(({ step, loss }) => ({ step, value: loss }))
  )

export const rateLine = ({ pace }: TrainingCurve): Aligned => aligned(pace.map(({ step, lr }) => ({ step, value: lr })))

export const paceLine = ({ pace }: TrainingCurve): Aligned =>
  aligned(pace.map(({ step, tokensPerSecond }) => ({ step, value: tokensPerSecond })))
