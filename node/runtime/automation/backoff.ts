import { TilthError, describeError } from '../../../protocol/primitives/index.ts'

const firstMs = 5_000
/** The longest wait before a try that may go through later, and before one of what was refused for a reason. */
const longestMs = { passing: 600_000, refused: 3_600_000 }

/** A step that failed, and when it is tried again (milliseconds since 1970). */
export interface Failure {
  readonly tries: number
  readonly until: number
  readonly why: string
}

/** In one line: what happened, and what to do about it. */
export const reasonOf = (error: unknown): string =>
  error instanceof TilthError
    ? `${error.message}${error.help === undefined ? '' : `. ${error.help}`}`
    : (describeError(error).split('\n')[0] ?? 'unknown')

/**
 * How a failure is followed up: twice as long each time, up to a bound. It is never given up, since money may depend on
 * it (a voucher before its channel ends), and a person may have mended what was wrong.
 */
export function failedAgain(before: Failure | undefined, error: unknown, now: number): Failure {
  const tries = (before?.tries ?? 0) + 1
  const refused = error instanceof TilthError && (error.consequence === 'reject' || error.consequence === 'fatal')
  const wait = Math.min(refused ? longestMs.refused : longestMs.passing, firstMs * 2 ** Math.min(tries - 1, 20))
  return { tries, until: now + wait, why: reasonOf(error) }
}
