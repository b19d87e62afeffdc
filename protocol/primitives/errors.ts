/**
 * What a failure means to whoever caused it; every adapter (wire, HTTP, command line, score) reads this, not the text.
 */
export type Consequence =
  | 'ignore' // nobody's fault: late, already known, not for us
  | 'reject' // the sender broke a rule and should have known
  | 'retry' // our fault or nobody's; the same call may go through later
  | 'fatal' // this process cannot go on

/**
 * The codes of each module's errors: it adds its own union by merging it in (its `codes.ts`). A code that stands in no
 * union does not compile, neither where it is thrown nor where it is compared with.
 */
export interface ErrorCodesByModule {
  primitives: PrimitivesErrorCode
}
export type PrimitivesErrorCode = 'canonical.number' | 'page.cursor' | 'sum-tree.index' | 'sum-tree.overflow'
export type ErrorCode = ErrorCodesByModule[keyof ErrorCodesByModule]

/** A code that another process or peer said: it is compared with ours and shown, nothing more. */
export const foreignCode = (code: string): ErrorCode => code as ErrorCode

export interface TilthErrorOptions {
  /** What the reader can do about it, as one sentence. */
  help?: string
  consequence?: Consequence
  cause?: unknown
  /** Facts for logs and tests; never secrets, never prompts. */
  details?: Record<string, unknown>
}

/**
 * The root of every error this project throws: a stable code, what happened, what to do, and the cause. Codes cross
 * the wire, messages do not.
 */
export class TilthError extends Error {
  readonly code: ErrorCode
  readonly help: string | undefined
  readonly consequence: Consequence
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, options: TilthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.help = options.help
    this.consequence = options.consequence ?? 'retry'
    this.details = options.details ?? {}
  }
}

/** Input that breaks a schema or a rule; the sender is told the code. */
export class InvalidError extends TilthError {
  constructor(code: ErrorCode, message: string, options: TilthErrorOptions = {}) {
    super(code, message, { consequence: 'reject', ...options })
  }
}

/** Something that should be there and is not. */
export class NotFoundError extends TilthError {
  constructor(code: ErrorCode, message: string, options: TilthErrorOptions = {}) {
    super(code, message, { consequence: 'ignore', ...options })
  }
}

/** A limit was reached: size, rate, time, money. */
export class LimitError extends TilthError {
  constructor(code: ErrorCode, message: string, options: TilthErrorOptions = {}) {
    super(code, message, { consequence: 'reject', ...options })
  }
}

/** Characters of another library's words that are shown. */
const mostOfCause = 300

/** The text for a person: message, help and the chain of causes, one a line. */
export function describeError(error: unknown): string {
  const lines: string[] = []
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 6; depth++) {
    const label = depth === 0 ? '' : 'because: '
    if (at instanceof TilthError) {
      lines.push(`${label}${at.message} [${at.code}]`)
      if (at.help !== undefined && depth === 0) lines.push(at.help)
      at = at.cause
    } else if (at instanceof Error && 'issues' in at && Array.isArray(at.issues)) {
      // A schema's error: its sentences are for nobody, where it stands is.
      const places = (at.issues as { path?: unknown[] }[]).map(({ path }) => path?.join('.') ?? '').filter(Boolean)
      lines.push(`${label}${places.slice(0, 5).join(', ') || 'the whole of it'} is not as it should be`)
      break
    } else if (at instanceof Error) {
      // Libraries go on with what was sent, which may be pages long.
      lines.push(`${label}${at.message.split('\n', 1)[0]?.slice(0, mostOfCause)}`)
      at = at.cause
    } else {
      lines.push(`${label}${(typeof at === 'string' ? at : JSON.stringify(at)).slice(0, mostOfCause)}`)
      break
    }
  }
  return lines.join('\n')
}
