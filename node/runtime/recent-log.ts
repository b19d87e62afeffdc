import type { LogLevel } from './log.ts'
import type { LogFields } from './types.ts'

/** Lines that are remembered, bytes of all of them, and of one. */
const kept = { lines: 2_000, bytes: 4 << 20, line: 16 << 10 } as const

export type LineLevel = Exclude<LogLevel, 'silent'>
/** The most urgent first; what a number of pino's stands for. */
export const lineLevels = ['error', 'warn', 'info', 'debug'] as const satisfies readonly LineLevel[]
const levelOf = (number: unknown): LineLevel =>
  typeof number !== 'number' || number >= 50 ? 'error' : number >= 40 ? 'warn' : number >= 30 ? 'info' : 'debug'

/** A line as it was logged: redacted before it came here (log.ts). */
export interface LogLine {
  /** Of this process, counting up. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly level: LineLevel
  readonly message: string
  readonly fields: LogFields
}

/** The last lines of this process's log, whatever became of them elsewhere. */
export interface RecentLog {
  write(line: string): void
  /** Those of a level or more urgent, the newest first, before the one of a number. */
  page(options: { level: LineLevel; limit: number; before?: number | undefined }): readonly LogLine[]
  /** Called at each line. */
  onLine(listener: (line: LogLine) => void): () => void
}

function read(number: number, text: string): LogLine {
  const {
    level,
    time,
    msg,
    pid: _pid,
    hostname: _host,
    ...fields
  } = JSON.parse(text) as LogFields & { level?: unknown; time?: unknown; msg?: unknown }
  return {
    number,
    at: typeof time === 'string' ? Date.parse(time) : 0,
    level: levelOf(level),
    message: typeof msg === 'string' ? msg : '',
    fields
  }
}

export function createRecentLog(): RecentLog {
  const lines: { readonly line: LogLine; readonly size: number }[] = []
  const listeners = new Set<(line: LogLine) => void>()
  let bytes = 0
  let last = 0

  return {
    write(text) {
      const number = ++last
      const line: LogLine =
        text.length <= kept.line
          ? read(number, text)
          : { number, at: Date.now(), level: 'warn', message: 'a line too long to be kept here', fields: {} }
      const size = Math.min(text.length, kept.line)
      lines.push({ line, size })
      bytes += size
      while (lines.length > kept.lines || bytes > kept.bytes) bytes -= lines.shift()?.size ?? 0
      for (const listener of listeners) listener(line)
    },
    page({ level, limit, before = Infinity }) {
      const most = lineLevels.indexOf(level)
      const found: LogLine[] = []
      for (let i = lines.length - 1; i >= 0 && found.length < limit; i--) {
        const line = lines[i]?.line
        if (line !== undefined && line.number < before && lineLevels.indexOf(line.level) <= most) found.push(line)
      }
      return found
    },
    onLine(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    }
  }
}
