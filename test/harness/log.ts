import { createLog, silentLog } from '../../node/runtime/index.ts'
import type { Log, LogLevel } from '../../node/runtime/index.ts'

/** What a test's peer logs: nothing, or to standard error from the level in TEST_LOG on. */
export const logOf = (peer: string): Log =>
  process.env['TEST_LOG'] === undefined
    ? silentLog
    : createLog({ level: process.env['TEST_LOG'] as LogLevel }).child({ peer })

/** A log whose lines a test reads. */
export function captureLog(level: LogLevel = 'debug'): { log: Log; lines: string[] } {
  const lines: string[] = []
  return { log: createLog({ level, destination: { write: line => lines.push(line) } }), lines }
}
