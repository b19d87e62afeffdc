import { bold, dim, green, red } from '../cli/output.ts'

/**
 * What a person sees of a long run: one line and a mark for each stage, a bar for training, and never more than two
 * seconds without a sign of life. Everything goes to standard error when standard output carries the JSON document.
 */
export interface Reporter {
  stage<T>(phase: string, title: string, work: (say: (text: string) => void) => Promise<T>): Promise<T>
  line(text: string): void
  /** Name of the stage that runs or failed last. */
  readonly current: string
}

const interval = 1800

export function createReporter(out: NodeJS.WriteStream): Reporter {
  const tty = out.isTTY
  const started = performance.now()
  let current = ''
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
    async stage(phase, title, work) {
      current = title
      const begun = performance.now()
      let note = ''
      let written = 0
      const show = (force: boolean): void => {
        const now = performance.now()
        if (!force && now - written < (tty ? 100 : interval)) return
        written = now
        const text = `${clock()}   ${title}${note === '' ? '' : `: ${note}`}`
        if (tty) {
          clear()
          out.write(fit(text))
        } else out.write(`${text}${note === '' ? ' …' : ''}\n`)
      }
      const beat = setInterval(
        () => {
          show(false)
        },
        tty ? 500 : 200
      )
      show(tty)
      if (!tty) written = begun
      try {
        const result = await work(text => {
          note = text
          show(tty)
        })
        clear()
        out.write(
          `${clock()} ${green('✓')} ${dim(phase.padEnd(7))} ${title}${note === '' ? '' : `: ${note}`} ${dim(`(${((performance.now() - begun) / 1000).toFixed(1)} s)`)}\n`
        )
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

/** ███████░░░ 70% */
export function bar(done: number, total: number, width = 24): string {
  const share = total === 0 ? 0 : Math.min(1, done / total)
  const full = Math.round(share * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${Math.round(share * 100)
    .toString()
    .padStart(3)}%`
}
