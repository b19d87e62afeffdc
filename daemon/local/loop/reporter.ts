import { flow, rowOf } from '../../../protocol/flow.ts'
import type { Stage } from '../../../protocol/flow.ts'
import { bold, dim, green, red } from '../../cli/output.ts'

/**
 * What a person sees of a long run: one line and a mark for each stage, a bar for training, and never more than two
 * seconds without a sign of life. Everything goes to standard error when standard output carries the JSON document.
 */
export interface Reporter {
  stage<T>(of: StageOf, title: string, work: (say: (text: string) => void) => Promise<T>): Promise<T>
  line(text: string): void
  /** Name of the stage that runs or failed last. */
  readonly current: string
  /** Stages of the flow that no call of `stage` has been about, in their order. */
  missing(): readonly Stage[]
}

/** A stage of the flow, several that happen side by side, or what comes before the flow begins. */
export type StageOf = Stage | readonly [Stage, ...Stage[]] | 'start'

/** A line is written, or drawn again on a terminal, at most this often. */
const interval = 2000

export function createReporter(out: NodeJS.WriteStream): Reporter {
  const tty = out.isTTY
  const started = performance.now()
  let current = ''
  const visited = new Set<Stage>()
  const clock = (): string => dim(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)}s`)
  const clear = (): void => {
    if (tty) out.write('\r\x1b[2K')
  }
  const fit = (text: string): string => (tty ? text.slice(0, Math.max(20, (out.columns || 100) - 8)) : text)
  return {
    get current() {
      return current
    },
    line(text) {
      clear()
      out.write(`${text}\n`)
    },
    missing: () => flow.map(({ stage }) => stage).filter(stage => !visited.has(stage)),
    async stage(of, title, work) {
      current = title
      const stages = of === 'start' ? [] : typeof of === 'string' ? [of] : of
      for (const stage of stages) visited.add(stage)
      const phase = stages[0] === undefined ? 'start' : rowOf(stages[0]).phase
      const begun = performance.now()
      let note = ''
      let written = 0
      const show = (force: boolean): void => {
        const now = performance.now()
        if (!force && now - written < interval) return
        written = now
        const text = `${clock()}   ${title}${note === '' ? '' : `: ${note}`}`
        if (tty) {
          clear()
          out.write(fit(text))
        } else out.write(`${text}${note === '' ? ' …' : ''}\n`)
      }
      const beat = setInterval(() => {
        show(false)
      }, 200)
      show(tty)
      if (!tty) written = begun
      try {
        const result = await work(text => {
          note = text
          show(false)
        })
        clear()
        const took = dim(`(${((performance.now() - begun) / 1000).toFixed(1)} s)`)
        const what = `${title}${note === '' ? '' : `: ${note}`}`
        out.write(`${clock()} ${green('✓')} ${dim(phase.padEnd(7))} ${what} ${took}\n`)
        return result
      } catch (error) {
        clear()
        out.write(`${clock()} ${red('✗')} ${dim(phase.padEnd(7))} ${bold(title)}${note === '' ? '' : `: ${note}`}\n`)
        throw error
      } finally {
        clearInterval(beat)
      }
    }
  }
}
