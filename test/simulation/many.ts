import { availableParallelism } from 'node:os'
import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import { tellMoney } from './money/story.ts'
import type { MoneyTold } from './money/story.ts'
import { tellServing } from './serving/story.ts'
import type { ServingTold } from './serving/story.ts'
import { tellWorking } from './working/story.ts'
import type { WorkingTold } from './working/story.ts'
import { tellStory } from './story.ts'
import type { Told } from './story.ts'

// Many seeds on all processors. A story puts its own clock and chance in the place of its thread's, so each thread
// tells one at a time; which thread tells it changes nothing of a story.

export interface Stories {
  readonly data: Told
  readonly working: WorkingTold
  readonly serving: ServingTold
  readonly money: MoneyTold
}
type Kind = keyof Stories
const tellers: { readonly [K in Kind]: (seed: number) => Promise<Stories[K]> | Stories[K] } = {
  data: tellStory,
  working: tellWorking,
  serving: tellServing,
  money: tellMoney
}
interface Task<K extends Kind> {
  readonly kind: K
  readonly seed: number
}

/** Threads that have nothing to tell: each has read all that stories are made of, which takes it some seconds. */
const idle: Worker[] = []

/** Ends the threads that wait for more to tell. */
export async function endThreads(): Promise<void> {
  await Promise.all(idle.splice(0).map(worker => worker.terminate()))
}

/** A story keeps little; without room for what is young, a tenth of the time is spent on collecting it. */
const youngMegabytes = 64

/**
 * Seeds from one on, until so many are told, the time is over or one is broken; each goes to `onTold` as it ends. The
 * threads that told them wait for the next kind.
 * @param least seeds that are told however long they take
 * @returns how many were told, and the first of those that are broken
 */
export async function tellMany<K extends Kind>(
  kind: K,
  { from, most, least = 1, ms }: { from: number; most: number; least?: number; ms: number },
  onTold: (story: Stories[K]) => void = () => undefined
): Promise<{ readonly told: number; readonly broken: Stories[K] | undefined }> {
  const end = performance.now() + ms
  let [next, told] = [from, 0]
  let broken: Stories[K] | undefined
  let hasFailed = false
  const isOver = (): boolean =>
    hasFailed || broken !== undefined || next >= from + most || (next >= from + least && performance.now() > end)

  async function tellSome(worker: Worker): Promise<void> {
    while (!isOver()) {
      const story = await askedOf(worker, { kind, seed: next++ }).catch((error: unknown) => {
        hasFailed = true
        throw error
      })
      told++
      onTold(story)
      if (story.faults.length > 0 && (broken === undefined || story.seed < broken.seed)) broken = story
    }
  }
  const workers = Array.from(
    { length: Math.min(most, availableParallelism()) },
    () =>
      idle.pop() ?? new Worker(import.meta.filename, { resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes } })
  )
  const ends = await Promise.allSettled(workers.map(tellSome))
  idle.push(...workers)
  const failed = ends.find(end => end.status === 'rejected')
  if (failed !== undefined) {
    await endThreads()
    throw failed.reason
  }
  return { told, broken }
}

function askedOf<K extends Kind>(worker: Worker, task: Task<K>): Promise<Stories[K]> {
  return new Promise((resolve, reject) => {
    const off = (): void => {
      worker.off('message', onMessage).off('error', onError)
    }
    const onMessage = (story: Stories[K]): void => {
      off()
      resolve(story)
    }
    const onError = (error: Error): void => {
      off()
      reject(new Error(`seed ${task.seed} of ${task.kind} ended its thread`, { cause: error }))
    }
    worker.on('message', onMessage).on('error', onError)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(task)
  })
}

if (!isMainThread)
  parentPort?.on('message', ({ kind, seed }: Task<Kind>) => {
    void (async () => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      parentPort?.postMessage(await tellers[kind](seed))
    })()
  })
