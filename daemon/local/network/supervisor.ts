import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { logName } from '../../log-tail.ts'
import type { ApiFile, DaemonProcess } from './child.ts'

/** Milliseconds until an ended process is started again: doubled for each end soon after a start, up to the last. */
const pauses = { first: 500, last: 30_000 } as const
/** A process that has run for so long starts with the first pause again. */
const steadyMs = 60_000
/** Ends in a row, each soon after its start, before it is left alone: whatever is wrong does not go away by itself. */
const mostInARow = 10

/** A process of the local network that is started again whenever it ends, until it is stopped. */
export interface Supervised<P> {
  /** The one that runs now, or ran last. */
  readonly current: P
  /** Settles when it is given up: it ended too often, or could not be started again. */
  readonly lost: Promise<TilthError>
  stop(): Promise<void>
}

interface Running {
  readonly ended: Promise<TilthError>
  stop(): Promise<void>
}

/**
 * @param start starts it, again and again; what it throws the first time is thrown here
 * @param onRestart hears, in words, that it ended and when it is started again
 * @param hopeless whether it ended for a reason that another start would meet again
 */
export async function supervise<P extends Running>(
  name: string,
  start: () => Promise<P>,
  onRestart: (text: string) => void,
  hopeless: (error: TilthError) => boolean = () => false
): Promise<Supervised<P>> {
  const stopping = new AbortController()
  let current = await start()
  let give: (error: TilthError) => void = () => undefined
  const lost = new Promise<TilthError>(resolve => {
    give = resolve
  })

  async function watch(): Promise<void> {
    let inARow = 0
    for (;;) {
      const began = Date.now()
      const error = await current.ended
      if (stopping.signal.aborted) return
      inARow = Date.now() - began > steadyMs ? 1 : inARow + 1
      if (inARow > mostInARow || hopeless(error)) {
        give(error)
        return
      }
      const pause = Math.min(pauses.last, pauses.first * 2 ** (inARow - 1))
      const [what] = error.message.split('\n')
      onRestart(`${what?.replace(/; it said last:$/, '') ?? name}: started again in ${pause / 1000} s`)
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      current = await start()
      // Asked to stop while it started: nobody else ends it.
      if (stopping.signal.aborted) await current.stop()
    }
  }
  const watching = watch().catch((cause: unknown) => {
    give(new TilthError('daemon.ended', `${name} could not be started again`, { cause }))
  })

  return {
    get current() {
      return current
    },
    lost,
    async stop() {
      stopping.abort()
      await current.stop()
      await watching
    }
  }
}

export interface SupervisedDaemon {
  readonly name: string
  readonly folder: string
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  /** Settles when that process has ended. */
  readonly ended: Promise<TilthError>
  readonly lost: Promise<TilthError>
  /** Until the API of a process that runs answers. @throws as DaemonProcess.ready */
  ready(timeoutMs: number): Promise<ApiFile>
  stop(): Promise<void>
}

/** A daemon that is started again on its folder; its own log names each start. */
export async function superviseDaemon(
  name: string,
  folder: string,
  start: () => Promise<DaemonProcess>,
  { keepUp, onRestart }: { keepUp: boolean; onRestart: (text: string) => void }
): Promise<SupervisedDaemon> {
  let everReady = false
  const supervised = await supervise(
    name,
    start,
    text => {
      onRestart(text)
      appendFile(join(folder, logName), `${text}\n`).catch((error: unknown) => {
        onRestart(`the log of ${name} could not be written: ${String(error)}`)
      })
    },
    // One that ends itself before it was ever up cannot start: a port, a disk, its configuration.
    ({ details }) => !keepUp || (!everReady && typeof details?.['signal'] !== 'string')
  )
  return {
    name,
    folder,
    get pid() {
      return supervised.current.pid
    },
    get ended() {
      return supervised.current.ended
    },
    lost: supervised.lost,
    async ready(timeoutMs) {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        const { current } = supervised
        try {
          const file = await current.ready(Math.max(1, deadline - Date.now()))
          everReady = true
          return file
        } catch (error) {
          // Killed while it started: the next one is on its way.
          const next = await Promise.race([
            supervised.lost.then(() => undefined),
            untilOther(() => supervised.current, current, deadline)
          ])
          if (next === undefined) throw error
        }
      }
    },
    stop: () => supervised.stop()
  }
}

async function untilOther<P>(look: () => P, before: P, deadline: number): Promise<P | undefined> {
  while (Date.now() < deadline) {
    const now = look()
    if (now !== before) return now
    await sleep(50)
  }
  return undefined
}
