import { TilthError } from '../../../protocol/primitives/errors.ts'
import type { Consequence, ErrorCode } from '../../../protocol/primitives/errors.ts'

/** An error as data, to cross into another thread or process. */
export interface PlainError {
  readonly code: ErrorCode
  readonly message: string
  readonly help?: string | undefined
  readonly consequence: Consequence
  readonly details: Record<string, unknown>
  readonly causes: readonly string[]
}

const mostCauses = 5
/** Parsers put what they could not read into their messages; a stranger decides how long that is. */
const longestMessage = 2_000
const short = (text: string): string => text.slice(0, longestMessage)

/** Code, message and the messages of an error's causes. @param untyped what an error without a code is called */
export function toPlain(
  error: unknown,
  untyped: (message: string) => Pick<PlainError, 'code' | 'message' | 'help'>
): PlainError {
  const causes: string[] = []
  for (
    let at: unknown = error instanceof Error ? error.cause : undefined;
    at instanceof Error && causes.length < mostCauses;
    at = at.cause
  )
    causes.push(short(at.message))
  if (error instanceof TilthError) {
    const { code, message, help, consequence, details } = error
    return { code, message: short(message), help, consequence, details, causes }
  }
  const message = short(error instanceof Error ? error.message : String(error))
  return { ...untyped(message), consequence: 'retry', details: {}, causes }
}
