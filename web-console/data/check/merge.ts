import type { PreviewView } from '../../../daemon/api/contract/data-views.ts'
import type { CheckedFile, CheckedLine } from './check.ts'

/** A file as this browser and the daemon see it together: only the daemon knows what was accepted before. */
export interface Judged {
  readonly lines: readonly CheckedLine[]
  readonly accept: boolean
  readonly reason: string | undefined
  readonly own: number
  /** Contributions that the account has made, of how many; undefined until the daemon has answered. */
  readonly allowance: { readonly made: number; readonly allowed: number } | undefined
  /** Whether rows were compared with what was accepted before; undefined until the daemon has answered. */
  readonly compared: boolean | undefined
}

/** Line by line: what the daemon says stands, for it runs the same checks and sees more. */
export function mergeChecks(here: CheckedFile, there: PreviewView | undefined): Judged {
  const own = (lines: readonly CheckedLine[]): number => lines.filter(({ code }) => code === 'own').length
  if (there === undefined)
    return {
      lines: here.lines,
      accept: here.accept,
      reason: here.reason,
      own: here.own,
      allowance: undefined,
      compared: undefined
    }
  const byLine = new Map(there.lines.map(line => [line.line, line]))
  // A row of this file that is named by its index is told by its line.
  const lineAt = (row: number | undefined): number | undefined =>
    row === undefined ? undefined : there.lines[row]?.line
  const lines = here.lines.map((line): CheckedLine => {
    const other = byLine.get(line.line)
    // What ended before the rows were looked at leaves what was found here.
    if (other === undefined || other.code === 'skipped' || other.code === line.code) {
      if (other?.of === undefined) return line
      const { repeats: _repeats, ...rest } = line
      return { ...rest, of: other.of, ...(other.row === undefined ? {} : { row: other.row }) }
    }
    const { line: number, asks, answers, isClipped } = line
    const repeats = other.of === undefined ? lineAt(other.row) : undefined
    return {
      line: number,
      code: other.code,
      asks,
      answers,
      isClipped,
      ...(other.of === undefined ? {} : { of: other.of }),
      ...(other.of === undefined || other.row === undefined ? {} : { row: other.row }),
      ...(repeats === undefined ? {} : { repeats }),
      ...(other.question === undefined ? {} : { question: other.question })
    }
  })
  return {
    lines,
    accept: there.accept,
    reason: there.reason,
    own: own(lines),
    allowance: { made: there.uploads, allowed: there.allowed },
    compared: there.compared
  }
}
