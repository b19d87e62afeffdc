import { InvalidError, TilthError } from '../primitives/errors.ts'
import type { ErrorCode } from '../primitives/errors.ts'

// All times in the statements of this phase are seconds since 1970, as the chain has them.

/** The sender broke a rule and should have known. */
export function reject(code: ErrorCode, message: string, details?: Record<string, unknown>): never {
  throw new InvalidError(code, message, { details })
}

/** Nobody's fault: late, or overtaken. */
export function ignore(code: ErrorCode, message: string): never {
  throw new TilthError(code, message, { consequence: 'ignore' })
}

/** How far clocks of honest peers may disagree, in seconds. */
export const clockSkewSeconds = 120n
