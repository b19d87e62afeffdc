import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Consequence, TilthErrorOptions } from '../../../protocol/primitives/index.ts'

/** What can become of a stranger's program, each with what it means to whoever asked for it. */
const consequences = {
  'sandbox.time': 'reject', // it ran longer than it may
  'sandbox.memory': 'reject', // it wanted more memory than it may have, or broke its process
  'sandbox.barred': 'retry', // it did so shortly before
  'sandbox.start': 'retry', // no process for it starts on this machine
  'sandbox.busy': 'retry', // as much waits as may wait
  'sandbox.closed': 'fatal'
} as const satisfies Record<string, Consequence>
export type SandboxErrorCode = keyof typeof consequences

export class SandboxError extends TilthError {
  declare readonly code: SandboxErrorCode
  constructor(code: SandboxErrorCode, message: string, options: TilthErrorOptions = {}) {
    super(code, message, { consequence: consequences[code], ...options })
  }
}
