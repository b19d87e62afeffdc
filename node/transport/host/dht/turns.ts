import { dhtLimits } from '../../../../protocol/wire/index.ts'
import type { Quota } from '../../../../protocol/wire/index.ts'
import type { Clock } from '../../../runtime/index.ts'
import { createBucket } from '../../limits/quota.ts'
import { afterTurn } from '../../../runtime/after-turn.ts'

/** Somebody's work, a piece at a time. */
export interface Work {
  /** From where, and who: the turns go round the places, and in each round who is there. */
  readonly range: string
  readonly peer: string
  /** Does the next piece. @returns what it cost, and whether there is another one */
  serve(): { readonly cost: number; readonly more: boolean }
  /** What was to be done of it failed: nothing more will be. */
  fail(error: Error): void
}

/**
 * Work of many that costs no more than so much in time, all of it together, and is done in a fair order. Who has little
 * to do waits for one piece of each other's at most, however much they bring: neither a flood nor many names at one
 * place keep anybody out.
 */
export interface Turns {
  /** Until it says that there is no more; at once if nobody else waits and there is something left of the quota. */
  join(work: Work): void
  leave(work: Work): void
  /** What was done costs so much more than it said. */
  spend(cost: number): void
  /** A question is being answered, whose cost is not known before. @returns what says once that this is over */
  asked(): () => void
}

/** Costs of what is done before others have their turn of the loop. */
const atOnce = 16

/** @param most questions that are being answered: what they cost is a debt that all others wait for */
export function createTurns(
  quota: Quota,
  clock: Pick<Clock, 'now' | 'sleep'>,
  most: number = dhtLimits.unanswered
): Turns {
  const bucket = createBucket(quota, clock)
  /** Who is at the front is next, and goes to the back: no more than there are streams. */
  const ranges = new Map<string, Map<string, Set<Work>>>()
  let going = false
  let unanswered = 0
  let onAnswered: (() => void) | undefined

  function put(work: Work): void {
    const peers = ranges.get(work.range) ?? new Map<string, Set<Work>>()
    ranges.set(work.range, peers)
    const works = peers.get(work.peer) ?? new Set<Work>()
    peers.set(work.peer, works.add(work))
  }
  /** Whose turn it is, who goes to the back with those of the same name and place. */
  function next(): Work | undefined {
    const [range] = ranges
    const [peer] = range?.[1] ?? []
    const [work] = peer?.[1] ?? []
    if (range === undefined || peer === undefined || work === undefined) return undefined
    const [[place, peers], [name, works]] = [range, peer]
    works.delete(work)
    peers.delete(name)
    ranges.delete(place)
    if (works.size > 0) peers.set(name, works)
    if (peers.size > 0) ranges.set(place, peers)
    return work
  }

  /** One whose work fails is done with: the line is everybody's. */
  function served(work: Work): ReturnType<Work['serve']> {
    try {
      return work.serve()
    } catch (error) {
      work.fail(error instanceof Error ? error : new Error(String(error)))
      return { cost: 1, more: false }
    }
  }

  async function go(): Promise<void> {
    for (;;) {
      for (let done = 0; done < atOnce;) {
        const ms = ranges.size === 0 ? 0 : bucket.wait()
        if (ms > 0) {
          await clock.sleep(ms)
          continue
        }
        if (unanswered >= most) {
          await new Promise<void>(resolve => {
            onAnswered = resolve
          })
          continue
        }
        const work = next()
        if (work === undefined) {
          going = false
          return
        }
        const { cost, more } = served(work)
        bucket.spend(cost)
        done += Math.max(cost, 1)
        if (more) put(work)
      }
      await new Promise<void>(resolve => {
        afterTurn(resolve)
      })
    }
  }

  return {
    join(work) {
      put(work)
      if (going) return
      going = true
      void go()
    },
    leave(work) {
      const peers = ranges.get(work.range)
      const works = peers?.get(work.peer)
      works?.delete(work)
      if (works?.size === 0) peers?.delete(work.peer)
      if (peers?.size === 0) ranges.delete(work.range)
    },
    spend: cost => {
      bucket.spend(cost)
    },
    asked() {
      unanswered++
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        unanswered--
        onAnswered?.()
      }
    }
  }
}
