import { multistream, pino, stdTimeFunctions } from 'pino'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Log, LogFields } from './types.ts'

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

// Names whose values never reach a log, however deep they stand: keys and passphrases because they are money, prompts
// and answers because they are somebody's words.
const keys = '.*key|.*passphrase|.*password|.*secret|.*mnemonic|.*token|authorization|cookie'
const words = 'prompt|messages|content|answer|response|text'
const secret = new RegExp(`^(${keys}|${words})$`, 'i')

function clean(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof TilthError)
    return {
      code: value.code,
      message: value.message,
      details: clean(value.details, depth + 1),
      cause: clean(value.cause, depth + 1)
    }
  if (value instanceof Error)
    return { name: value.name, message: value.message, stack: value.stack, cause: clean(value.cause, depth + 1) }
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value === null || typeof value !== 'object') return value
  if (depth > 5) return '…'
  if (Array.isArray(value)) return value.slice(0, 50).map(item => clean(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      secret.test(name) && typeof item !== 'number' ? '[redacted]' : clean(item, depth + 1)
    ])
  )
}

export interface LogOptions {
  /** `warn` unless said otherwise: a healthy node is quiet. */
  level?: LogLevel
  /** Where lines of JSON go; standard error unless given. */
  destination?: { write(line: string): void }
  /** Keeps the last lines for who asks for them, from `info` on at least: a step that was done is told there. */
  recent?: { write(line: string): void }
}

/** A structured log. Fields are redacted by name, errors keep code, message and causes. */
export function createLog({ level = 'warn', destination, recent }: LogOptions = {}): Log {
  const to = destination ?? pino.destination({ dest: 2, sync: true })
  const options = { base: null, timestamp: stdTimeFunctions.isoTime }
  const also: LogLevel = level === 'debug' ? 'debug' : 'info'
  const root =
    recent === undefined
      ? pino({ ...options, level }, to)
      : pino(
          { ...options, level: also },
          multistream([{ level: also, stream: recent }, ...(level === 'silent' ? [] : [{ level, stream: to }])])
        )
  const wrap = (logger: typeof root): Log => {
    // Fields that go nowhere are not looked at: the paths of an answer say much that nobody wants to hear.
    const say =
      (level: 'debug' | 'info' | 'warn' | 'error'): Log['info'] =>
      (message, fields) => {
        if (logger.isLevelEnabled(level)) logger[level](clean(fields ?? {}) as LogFields, message)
      }
    return {
      debug: say('debug'),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
      child: fields => wrap(logger.child(clean(fields) as LogFields))
    }
  }
  return wrap(root)
}

/** Says nothing; for tests and for callers that pass no log. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog
}
