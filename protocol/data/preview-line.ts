import { zeroHash } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'
import type { RowOutcome } from './types.ts'

/** What would become of a line of a file; `of` is left away where it repeats the file itself. */
export interface PreviewedLine {
  readonly line: number
  readonly code: string
  readonly of?: Hex
  readonly row?: number
  readonly question?: number
}

export function previewLine(line: number, outcome: RowOutcome | undefined): PreviewedLine {
  switch (outcome?.kind) {
    case 'own':
      return { line, code: 'own' }
    case 'held-out':
      return { line, code: 'held-out', question: outcome.question }
    case 'duplicate': {
      const code = outcome.exact ? 'duplicate' : 'near-duplicate'
      const { of, row } = outcome
      return of === zeroHash ? { line, code, row } : { line, code, of, row }
    }
    case 'invalid':
      return { line, code: outcome.code }
    case undefined:
      return { line, code: 'skipped' }
  }
}
