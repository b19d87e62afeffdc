import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { environmentForChildren } from '../../runtime/environment.ts'
import { programBeside } from '../../runtime/program.ts'
import '../without-telemetry.ts'
import type { FromWorker, ToWorker, WorkerOptions } from './messages.ts'

/** Where sessions run, seen from the main thread. */
export interface Peer {
  post(message: ToWorker): void
  /** Whether what runs there keeps this process alive. */
  ref(): void
  unref(): void
  end(): Promise<void>
}

export interface PeerEvents {
  onMessages(messages: readonly FromWorker[]): void
  /** Once, when the peer is gone; `reason` is its error, if it had one. */
  onExit(reason: unknown): void
}

export interface PeerOptions {
  readonly runtime: WorkerOptions
  /** Largest JavaScript heap, in MiB; weights and sessions lie outside it. */
  readonly heapMb?: number | undefined
}

/**
 * A thread for the CPU, a process for everything else: onnxruntime-node 1.30 keeps one WebGPU device for all threads of
 * a
 * process, crashes when two use it and aborts when a thread that did is terminated; and a GPU's driver that fails takes
 * only its own process along.
 */
export function startPeer(options: PeerOptions, events: PeerEvents): Peer {
  return (options.runtime.provider ?? 'cpu') === 'cpu' ? startThread(options, events) : startProcess(options, events)
}

function startThread({ runtime, heapMb }: PeerOptions, events: PeerEvents): Peer {
  const worker = new Worker(programBeside(import.meta.url, 'worker'), {
    workerData: runtime,
    name: 'tilth-engine',
    ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } })
  })
  let reason: unknown
  worker.on('message', (messages: readonly FromWorker[]) => events.onMessages(messages))
  worker.on('error', error => {
    reason = error
  })
  worker.on('exit', () => events.onExit(reason))
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    post: message => worker.postMessage(message),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    end: async () => {
      await worker.terminate()
    }
  }
}

function startProcess({ runtime, heapMb }: PeerOptions, events: PeerEvents): Peer {
  const child = fork(fileURLToPath(programBeside(import.meta.url, 'process')), [JSON.stringify(runtime)], {
    serialization: 'advanced', // typed arrays as they are
    env: environmentForChildren(),
    execArgv: heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`]
  })
  let reason: unknown
  const gone = new Promise<void>(resolve => {
    child.once('exit', (code, signal) => {
      reason ??= new Error(`its process ended with ${signal ?? `exit code ${code}`}`)
      events.onExit(reason)
      resolve()
    })
  })
  child.on('message', messages => events.onMessages(messages as FromWorker[]))
  child.on('error', error => {
    reason = error
    if (child.pid === undefined) events.onExit(error) // never started: there will be no exit
  })
  return {
    // A process that is already gone says so by its exit.
    post: message => {
      if (child.connected) child.send(message, () => undefined)
    },
    ref: () => {
      child.ref()
      child.channel?.ref()
    },
    unref: () => {
      child.unref()
      child.channel?.unref()
    },
    end: async () => {
      if (child.pid === undefined) return
      child.ref()
      child.kill('SIGKILL')
      await gone
    }
  }
}
