import { EngineError, toPlain, type CallName, type Calls, type ToWorker, type WorkerOptions } from './messages.ts'
import { startPeer, type Peer } from './peer.ts'

export interface ThreadOptions {
  /** Asked for with every call until there is an answer; what it throws fails the call. */
  readonly runtime: () => Promise<WorkerOptions>
  /** Largest JavaScript heap of the thread, in MiB; weights and sessions lie outside it. */
  readonly heapMb?: number | undefined
  /**
   * Milliseconds without a call after which the thread ends, whatever it holds. Without it, it ends as soon as it holds
   * no model any more. The next call starts another.
   */
  readonly restMs?: number | undefined
}

/** What ends a call before its time, and who hears of it while it runs: those that came together, at once. */
interface Calling<E> {
  readonly signal?: AbortSignal | undefined
  readonly onEvents?: (events: readonly E[]) => void
}

/** Milliseconds that a thread has to release what it holds. */
const leaveMs = 5_000

interface Pending {
  readonly worker: Peer
  resolve(result: unknown): void
  reject(error: unknown): void
  onEvents(events: readonly unknown[]): void
}

/**
 * The main thread's end of one worker (a thread, or a process). One that dies fails what it was doing; the next call
 * starts another.
 */
export class EngineThread {
  readonly #options: ThreadOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Peer | undefined
  readonly #leaving = new Set<Peer>()
  #next = 0
  #closed = false
  #rest: NodeJS.Timeout | undefined

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  async call<K extends CallName>(
    name: K,
    argument: Calls[K]['argument'],
    options: Calling<Calls[K]['event']> = {}
  ): Promise<Calls[K]['result']> {
    const id = this.#next++
    const runtime = await this.#options.runtime()
    if (this.#closed) throw engineClosed()
    return this.#send(this.#start(runtime), id, name, argument, options)
  }

  /** Calls a thread that runs; undefined where none does: it knows of nothing. */
  async tell<K extends 'unload' | 'status'>(
    name: K,
    argument: Calls[K]['argument']
  ): Promise<Calls[K]['result'] | undefined> {
    const worker = this.#worker
    if (worker === undefined) return undefined
    const answer = await this.#send(worker, this.#next++, name, argument, {})
    if (name === 'unload' && this.#options.restMs === undefined) await this.#endIfEmpty(worker)
    return answer
  }

  async #send<K extends CallName>(
    worker: Peer,
    id: number,
    name: K,
    argument: Calls[K]['argument'],
    options: Calling<Calls[K]['event']>
  ): Promise<Calls[K]['result']> {
    clearTimeout(this.#rest)
    const { signal } = options
    const cancel = (): void => worker.post({ kind: 'cancel', id })
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, {
          worker,
          resolve: result => resolve(result as Calls[K]['result']),
          reject,
          onEvents: events => options.onEvents?.(events as Calls[K]['event'][])
        })
        worker.ref()
        worker.post({ kind: 'call', id, name, argument } as ToWorker)
        signal?.addEventListener('abort', cancel, { once: true })
        if (signal?.aborted === true) cancel()
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#pending.delete(id)
      // An idle engine does not keep the process alive, nor the memory of what it did.
      if (this.#pending.size === 0) {
        this.#worker?.unref()
        const { restMs } = this.#options
        if (restMs !== undefined) this.#rest = setTimeout(() => this.#leave(worker), restMs).unref()
      }
    }
  }

  /** A thread without a model gives its sessions' and its heap's memory back by ending. */
  async #endIfEmpty(worker: Peer): Promise<void> {
    const { models } = await this.#send(worker, this.#next++, 'status', undefined, {})
    if (models === 0) this.#leave(worker)
  }

  /** Lets a thread end that nothing is asked of; calls that come later start another. */
  #leave(worker: Peer): void {
    if (this.#pending.size > 0 || this.#worker !== worker) return
    this.#worker = undefined
    this.#leaving.add(worker)
    worker.post({ kind: 'close' })
    // It releases what it holds and goes; one that does not is ended.
    setTimeout(() => void worker.end(), leaveMs).unref()
  }

  /** Ends the worker; calls that still run fail. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#rest)
    await Promise.all([this.#worker?.end(), ...[...this.#leaving].map(worker => worker.end())])
    this.#worker = undefined
  }

  #start(runtime: WorkerOptions): Peer {
    if (this.#worker !== undefined) return this.#worker
    const worker = startPeer(
      { runtime, heapMb: this.#options.heapMb },
      {
        onMessages: messages => {
          for (const message of messages) {
            const pending = this.#pending.get(message.id)
            if (message.kind === 'events') pending?.onEvents(message.events)
            else if (message.kind === 'result') pending?.resolve(message.result)
            else pending?.reject(new EngineError(message.error))
          }
        },
        onExit: reason => {
          if (this.#worker === worker) this.#worker = undefined
          this.#leaving.delete(worker)
          const { message } = toPlain(reason)
          const error = new EngineError({
            code: 'engine-crashed',
            message: "the engine's thread ended in the middle of this request",
            help: 'Try again; a new thread starts by itself.',
            consequence: 'retry',
            details: {},
            causes: reason === undefined ? [] : [message]
          })
          for (const pending of this.#pending.values()) if (pending.worker === worker) pending.reject(error)
        }
      }
    )
    this.#worker = worker
    return worker
  }
}

export const engineClosed = (): EngineError =>
  new EngineError({
    code: 'engine-closed',
    message: 'the engine is closed',
    consequence: 'fatal',
    details: {},
    causes: []
  })
