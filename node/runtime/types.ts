// What every service runs on. Each of these is small enough to replace in a test.

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** @throws the signal's reason when aborted */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Calls again and again, the next call `ms` after the last one ended; a failing call is reported to onError.
   * @returns stop
   */
  every(ms: number, task: () => Promise<void> | void, onError?: (error: unknown) => void): () => void
}

/** Facts for a log line. Keys that name secrets or prompts are redacted (log.ts). */
export type LogFields = Record<string, unknown>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  child(fields: LogFields): Log
}

/** A started part that must be stopped; parts stop in the reverse order of their start. */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Typed events between services of one node; `E` maps names (`data.accepted`) to what they carry. */
export interface Events<E extends object> {
  emit<K extends keyof E & string>(name: K, value: E[K]): void
  /**
   * Listeners run in a later microtask, one after another; a throw is reported (log), never to the emitter.
   * @returns off
   */
  on<K extends keyof E & string>(name: K, listener: (value: E[K]) => Promise<void> | void): () => void
  /** The next event that passes the test. @throws the signal's reason when aborted */
  once<K extends keyof E & string>(
    name: K,
    options?: { signal?: AbortSignal; where?: (value: E[K]) => boolean }
  ): Promise<E[K]>
}

/** Work in order per key, different keys side by side, never more than its bound waiting. */
export interface Queue {
  /** @throws LimitError `queue.full` at once when the bound is reached; else as the task */
  run<T>(key: string, task: () => Promise<T>): Promise<T>
  readonly size: number
  /** Until nothing runs or waits. */
  idle(): Promise<void>
}
