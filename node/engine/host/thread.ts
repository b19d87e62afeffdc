import { Worker } from 'node:worker_threads'
import { EngineError, toPlain, type CallName, type Calls, type FromWorker, type ToWorker, type WorkerOptions } from './messages.ts'

export interface ThreadOptions extends WorkerOptions {
  /** Largest JavaScript heap of the thread, in MiB; weights and sessions lie outside it. */
  readonly heapMb?: number | undefined
}

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
  onEvent(event: unknown): void
}

/** The main thread's end of one worker. A worker that dies fails what it was doing; the next call starts another. */
export class EngineThread {
  readonly #options: ThreadOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #next = 0
  #closed = false

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  async call<K extends CallName>(name: K, argument: Calls[K]['argument'], options: { signal?: AbortSignal | undefined; onEvent?: (event: Calls[K]['event']) => void } = {}): Promise<Calls[K]['result']> {
    if (this.#closed) throw new EngineError({ code: 'engine-closed', message: 'the engine is closed', consequence: 'fatal', details: {}, causes: [] })
    const id = this.#next++
    const worker = this.#start()
    const { signal } = options
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    const cancel = (): void => worker.postMessage({ kind: 'cancel', id } satisfies ToWorker)
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, {
          resolve: (result) => resolve(result as Calls[K]['result']),
          reject,
          onEvent: (event) => options.onEvent?.(event as Calls[K]['event']),
        })
        worker.ref()
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage({ kind: 'call', id, name, argument } as ToWorker)
        signal?.addEventListener('abort', cancel, { once: true })
        if (signal?.aborted === true) cancel()
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#pending.delete(id)
      if (this.#pending.size === 0) this.#worker?.unref() // an idle engine does not keep the process alive
    }
  }

  /** Ends the worker; calls that still run fail. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const { heapMb, ...runtime } = this.#options
    const worker = new Worker(new URL(file, import.meta.url), { workerData: runtime, name: 'tilth-engine', ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }) })
    this.#worker = worker
    worker.on('message', (message: FromWorker) => {
      const pending = this.#pending.get(message.id)
      if (message.kind === 'event') pending?.onEvent(message.event)
      else if (message.kind === 'result') pending?.resolve(message.result)
      else pending?.reject(new EngineError(message.error))
    })
    let reason: unknown
    worker.on('error', (error) => { reason = error })
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      const { message } = toPlain(reason)
      const error = new EngineError({ code: 'engine-crashed', message: 'the engine\'s thread ended in the middle of this request', help: 'Try again; a new thread starts by itself.', consequence: 'retry', details: {}, causes: reason === undefined ? [] : [message] })
      for (const pending of this.#pending.values()) pending.reject(error)
    })
    return worker
  }
}
