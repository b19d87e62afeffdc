import { TilthError, foreignCode } from '../primitives/errors.ts'
import type { Consequence, ErrorCode } from '../primitives/errors.ts'

// What stands before a frame's content on a stream. Numbers are never given twice, also not after their meaning is
// gone.
export const frameTags = { message: 0, error: 1 } as const

/**
 * Codes that the wire itself gives, with what they mean for whoever receives one from a peer. Phases add codes of their
 * own (`channel.unknown`) by throwing typed errors; of those too only the code crosses.
 */
export const wireCodes = {
  'frame.too-large': 'reject', // more bytes than the protocol's row allows
  'frame.garbage': 'reject', // not UTF-8 JSON, or no frame at all
  'frame.depth': 'reject', // nested deeper than any document of ours
  'frame.schema': 'reject', // JSON of another shape
  'limit.rate': 'retry', // too many in too short a time
  'limit.busy': 'retry', // as many streams as may be are open
  'limit.time': 'retry', // the answer did not come in time
  'stream.closed': 'retry', // the connection broke, or the other side left without a word
  internal: 'retry' // the other side's own trouble, which is not ours to know
} as const satisfies Record<string, Consequence>
export type WireCode = keyof typeof wireCodes

/** What is wrong with a frame as such: whoever sent it is charged where it is read. */
const frameCodes: Record<Extract<WireCode, `frame.${string}`>, true> = {
  'frame.too-large': true,
  'frame.garbage': true,
  'frame.depth': true,
  'frame.schema': true
}
export const isFrameCode = (code: ErrorCode): code is keyof typeof frameCodes => Object.hasOwn(frameCodes, code)

declare module '../primitives/errors.ts' {
  interface ErrorCodesByModule {
    'protocol/wire': WireCode
  }
}

const codeForm = /^[a-z0-9][a-z0-9.-]{0,59}$/

/**
 * The code of an error as it may cross the wire: a fatal or untyped one is `internal`, since its text is nobody else's
 * business.
 */
export function codeOf(error: unknown): string {
  if (error instanceof TilthError && error.consequence !== 'fatal' && codeForm.test(error.code)) return error.code
  return 'internal'
}

/** The other side said no: `code` is its code, or `internal` when that was no code. */
export class PeerError extends TilthError {
  constructor(code: unknown, options: { details?: Record<string, unknown> } = {}) {
    const known = typeof code === 'string' && codeForm.test(code) ? code : 'internal'
    const consequence: Consequence = Object.hasOwn(wireCodes, known) ? wireCodes[known as WireCode] : 'retry'
    super(foreignCode(known), `the other peer answered: ${known}`, { consequence, ...options })
  }
}
