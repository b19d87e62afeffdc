import { LimitError } from '../../protocol/primitives/index.ts'
import { gauge } from './metrics.ts'
import type { Metrics } from './metrics.ts'
import type { Queue } from './types.ts'

interface Job {
  key: string
  start: () => Promise<void>
}

export interface QueueOptions {
  name: string
  /** Tasks that may wait or run. */
  bound: number
  /** Tasks that run at once, each under another key. */
  concurrency?: number
  /** Where its length is shown. */
  metrics?: Metrics | undefined
}

/** Queues by the metrics that show them and their name; a service that is started anew has queues of the same name. */
const shown = new WeakMap<Metrics, Map<string, Set<Pick<Queue, 'size'>>>>()

function show(metrics: Metrics, name: string, queue: Pick<Queue, 'size'>): void {
  const known = shown.get(metrics) ?? new Map<string, Set<Pick<Queue, 'size'>>>()
  shown.set(metrics, known)
  known.set(name, (known.get(name) ?? new Set()).add(queue))
  gauge(metrics, 'tilth_queue_tasks', 'Tasks that run or wait, by queue', ['queue'], self => {
    for (const [of, queues] of known)
      self.set(
        { queue: of },
        [...queues].reduce((sum, { size }) => sum + size, 0)
      )
  })
}

/** Tasks that run at once where nothing else is said. */
export const usualConcurrency = 8

/** A bounded queue in which tasks of one key run one after another, in order. */
export function createQueue({ name, bound, concurrency = usualConcurrency, metrics }: QueueOptions): Queue {
  const waiting: Job[] = []
  const running = new Set<string>()
  let idlers: (() => void)[] = []

  const pump = (): void => {
    for (let i = 0; i < waiting.length && running.size < concurrency;) {
      const job = waiting[i]
      if (job === undefined || running.has(job.key)) {
        i++
        continue
      }
      waiting.splice(i, 1)
      running.add(job.key)
      void job.start().finally(() => {
        running.delete(job.key)
        pump()
      })
    }
    if (waiting.length === 0 && running.size === 0) {
      const done = idlers
      idlers = []
      for (const resolve of done) resolve()
    }
  }

  const queue: Queue = {
    get size() {
      return waiting.length + running.size
    },
    run<T>(key: string, task: () => Promise<T>): Promise<T> {
      if (waiting.length + running.size >= bound) {
        return Promise.reject(
          new LimitError('queue.full', `${name}: ${bound} tasks are waiting already`, {
            consequence: 'retry',
            help: 'Try again in a moment.'
          })
        )
      }
      return new Promise<T>((resolve, reject) => {
        waiting.push({
          key,
          // Waits a turn, so that a task that throws at once is a failed task like any other.
          start: () => Promise.resolve().then(task).then(resolve, reject)
        })
        pump()
      })
    },
    idle: () =>
      new Promise<void>(resolve => {
        idlers.push(resolve)
        pump()
      })
  }
  if (metrics !== undefined) show(metrics, name, queue)
  return queue
}
