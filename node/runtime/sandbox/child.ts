import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environmentForChildren } from '../environment.ts'
import { programBeside } from '../program.ts'
import type { FromProcess, ToProcess } from './messages.ts'

/** One process, which does one thing at a time. */
export interface Child {
  /** It ended, asked or not. */
  readonly gone: boolean
  /** Why the system started no process for it, if it did not: for want of memory or of handles, say. */
  readonly unstarted: Error | undefined
  /** Its answer; undefined when it ended instead. */
  ask(message: ToProcess): Promise<FromProcess | undefined>
  /** Ends it at once. */
  end(): void
}

const program = programBeside(import.meta.url, 'process')

/**
 * Starts a process that may read files and nothing else: it starts no program, writes no file, loads no native code.
 * A thread would not do: where a stranger's program asks for one huge allocation, the heap limit of a worker thread
 * ends the whole process that it is in.
 * @throws what the system says where it has no memory for a process; other failures to start come as `unstarted`
 */
export function startChild(module: URL, heapMb: number): Child {
  const child: ChildProcess = fork(fileURLToPath(program), [module.href], {
    serialization: 'advanced',
    env: environmentForChildren(),
    // What V8 says of a heap that overflowed is not the owner's business.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [`--max-old-space-size=${heapMb}`, '--max-semi-space-size=2', '--permission', '--allow-fs-read=*']
  })
  let waiting: ((answer: FromProcess | undefined) => void) | undefined
  let gone = false
  let unstarted: Error | undefined
  const settle = (answer: FromProcess | undefined): void => {
    child.unref()
    child.channel?.unref()
    const resolve = waiting
    waiting = undefined
    resolve?.(answer)
  }
  child.on('message', (answer: FromProcess) => settle(answer))
  child.on('error', error => {
    if (child.pid === undefined) unstarted = error
    gone = true
    settle(undefined)
  })
  child.once('exit', () => {
    gone = true
    settle(undefined)
  })
  return {
    get gone() {
      return gone
    },
    get unstarted() {
      return unstarted
    },
    ask: message =>
      new Promise(resolve => {
        if (gone) return resolve(undefined)
        waiting = resolve
        child.ref()
        child.channel?.ref()
        child.send(message, error => {
          // The error of a process that never started says more, and comes by itself.
          if (error !== null && child.pid !== undefined) settle(undefined)
        })
      }),
    end() {
      gone = true
      child.kill('SIGKILL')
      settle(undefined)
    }
  }
}
