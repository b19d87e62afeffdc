import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import { startChild } from './child.ts'
import type { Child } from './child.ts'
import { SandboxError } from './errors.ts'
import type { FromProcess, Tasks } from './messages.ts'
import { openBars } from './bars.ts'

export interface SandboxOptions {
  /** Module whose exported `tasks` are run; `begin` is first, with the key. */
  readonly program: URL
  /** How long a process may take to start and begin. */
  readonly beginMs: number
  /** Largest JavaScript heap of a process, in MiB. */
  readonly heapMb: number
  /** Processes at a time. */
  readonly processes: number
  /** Tasks that wait or run for one key. */
  readonly queue: number
  /** A process that did nothing for so long is ended. */
  readonly idleMs: number
  /** The process of a key is there no more: what it read may be read anew by the next one. */
  readonly ended?: (key: string) => void
}

type Argument<T> = T extends (argument: infer A) => unknown ? A : never
type Result<T> = T extends (argument: never) => infer R ? Awaited<R> : never

/**
 * Runs strangers' programs and reads strangers' files where they can be ended. Each key (a model's folder) has a
 * process of its own, so that one that loops, or wants all memory, harms nobody else; it is ended, and the key refused
 * for a while that doubles each time.
 */
export interface Sandbox<T extends Tasks> {
  /** Starts the key's process, if it is not there. @throws as `run` */
  begin(key: string): Promise<void>
  /**
   * @param ms how long it may take from when its turn comes, the beginning of a process not counted
   * @throws SandboxError, or what the task threw, by its code
   */
  run<K extends keyof T & string>(key: string, name: K, argument: Argument<T[K]>, ms: number): Promise<Result<T[K]>>
  close(): void
}

interface Waiting {
  /** Nothing but to begin. */
  readonly name: string | undefined
  readonly argument: unknown
  readonly ms: number
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** What is to be done for one key, in order, and the process that does it, if there is one. */
interface Line {
  readonly key: string
  readonly tasks: Waiting[]
  child: Child | undefined
  busy: boolean
  /** Since when it holds its process, in milliseconds of the clock. */
  since: number
  idle: NodeJS.Timeout | undefined
}

/** With others waiting for a process, one that has had its own for so long is the next to wait. */
const turnMs = 1_000

export function openSandbox<T extends Tasks>(options: SandboxOptions): Sandbox<T> {
  /** At most those that have a process, and those with tasks that wait. */
  const lines = new Map<string, Line>()
  const bars = openBars()
  let closed = false
  let next = 0

  const holding = (): Line[] => [...lines.values()].filter(({ child }) => child !== undefined)

  function drop(line: Line): void {
    clearTimeout(line.idle)
    if (line.child !== undefined) {
      line.child.end()
      options.ended?.(line.key)
    }
    line.child = undefined
    if (line.tasks.length === 0) lines.delete(line.key)
  }

  /** Gives processes to lines that wait for one, the longest waiting first. */
  function deal(): void {
    for (const line of lines.values()) {
      if (line.child !== undefined || line.busy || line.tasks.length === 0) continue
      if (holding().length >= options.processes) {
        const [longestIdle] = holding()
          .filter(({ busy }) => !busy)
          .sort((a, b) => a.since - b.since)
        if (longestIdle === undefined) return
        drop(longestIdle)
      }
      void work(line)
    }
  }

  async function work(line: Line): Promise<void> {
    line.busy = true
    clearTimeout(line.idle)
    line.since = Date.now()
    try {
      while (line.tasks.length > 0) {
        const task = line.tasks[0]!
        await perform(line, task).catch((error: unknown) => task.reject(error))
        line.tasks.shift()
        const others = [...lines.values()].some(({ child, tasks }) => child === undefined && tasks.length > 0)
        if (others && Date.now() - line.since > turnMs) {
          // To the end of the order.
          drop(line)
          lines.delete(line.key)
          if (line.tasks.length > 0) lines.set(line.key, line)
          break
        }
      }
    } finally {
      line.busy = false
      line.since = Date.now()
    }
    if (line.child !== undefined) {
      line.idle = setTimeout(() => drop(line), options.idleMs)
      line.idle.unref()
    } else if (line.tasks.length === 0) lines.delete(line.key)
    deal()
  }

  /** Does the task in the line's process, which is started if it is not there. */
  async function perform(line: Line, task: Waiting): Promise<void> {
    const barred = bars.left(line.key)
    if (barred > 0)
      return task.reject(
        new SandboxError('sandbox.barred', 'it took more time or memory than it may, and is not run for a while', {
          details: { seconds: Math.ceil(barred / 1000) }
        })
      )
    const steps = [{ name: task.name, argument: task.argument, ms: task.ms }]
    if (line.child === undefined || line.child.gone) {
      if (line.child !== undefined) options.ended?.(line.key)
      line.child = undefined
      line.child = start()
      steps.unshift({ name: 'begin', argument: line.key, ms: options.beginMs })
    }
    let result: unknown
    for (const { name, argument, ms } of steps) {
      if (name === undefined) continue
      const answer = await within(line.child, { id: next++, name, argument }, ms)
      if (typeof answer === 'object' && !('error' in answer)) {
        result = answer.result
        continue
      }
      const { unstarted } = line.child
      if (name === 'begin' || typeof answer === 'string') drop(line)
      return task.reject(unstarted === undefined ? failure(line, answer, ms) : notStarted(unstarted))
    }
    task.resolve(result)
  }

  function start(): Child {
    try {
      return startChild(options.program, options.heapMb)
    } catch (error) {
      throw notStarted(error)
    }
  }

  function failure(line: Line, answer: Failed, ms: number): unknown {
    if (typeof answer === 'object') {
      const { code, message, causes, ...rest } = answer.error
      const cause = causes.length === 0 ? undefined : new Error(causes.join(': '))
      // Who broke a rule is told so by the same class as elsewhere.
      const Kind = rest.consequence === 'reject' ? InvalidError : TilthError
      return new Kind(code, message, { ...rest, cause })
    }
    if (closed) return closedError()
    bars.add(line.key)
    return answer === 'late'
      ? new SandboxError('sandbox.time', `it did not end within ${ms} ms`)
      : new SandboxError('sandbox.memory', 'it wanted more memory than it may have, or broke its process')
  }

  const closedError = (): SandboxError => new SandboxError('sandbox.closed', 'the sandbox is closed')

  function add(key: string, task: Pick<Waiting, 'name' | 'argument' | 'ms'>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(closedError())
      const line: Line = lines.get(key) ?? { key, tasks: [], child: undefined, busy: false, since: 0, idle: undefined }
      if (line.tasks.length >= options.queue || (!lines.has(key) && lines.size >= mostLines))
        return reject(new SandboxError('sandbox.busy', 'as much waits as may wait'))
      lines.set(key, line)
      line.tasks.push({ ...task, resolve, reject })
      if (line.child !== undefined && !line.busy) void work(line)
      else deal()
    })
  }

  return {
    begin: async key => {
      await add(key, { name: undefined, argument: undefined, ms: 0 })
    },
    run: (key, name, argument, ms) => add(key, { name, argument, ms }) as never,
    close() {
      closed = true
      for (const line of lines.values()) {
        for (const task of line.tasks.splice(line.busy ? 1 : 0)) task.reject(closedError())
        drop(line)
      }
    }
  }
}

/** A machine that is short of something is no fault of what was to be run. */
const notStarted = (cause: unknown): SandboxError =>
  new SandboxError('sandbox.start', 'the system started no process to read it in', {
    help: 'See that memory and open files are left on this machine, and try again.',
    cause
  })

/** Keys that have a process or wait for one. */
const mostLines = 1_000

type Failed = 'late' | 'gone' | Extract<FromProcess, { error: unknown }>

async function within(
  child: Child,
  message: Parameters<Child['ask']>[0],
  ms: number
): Promise<FromProcess | 'late' | 'gone'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  const answer = await Promise.race([child.ask(message), late])
  clearTimeout(timer)
  return answer ?? 'gone'
}
