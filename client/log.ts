import type { Log } from '../node/runtime/types.ts'
import type { ConnectOptions } from './types.ts'

/** Of what happens, what whoever uses the library wants to hear. What is asked and answered is in none of it. */
export function logTo(tell: ConnectOptions['log'] = () => undefined): Log {
  const log: Log = {
    debug: (message, fields = {}) => tell('debug', message, fields),
    info: (message, fields = {}) => tell('info', message, fields),
    warn: (message, fields = {}) => tell('warn', message, fields),
    error: (message, fields = {}) => tell('error', message, fields),
    child: () => log
  }
  return log
}
