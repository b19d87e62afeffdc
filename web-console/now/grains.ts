import { useEffect, useRef, useState } from 'react'
import type { Stage } from '../../protocol/flow.ts'
import { useEvents } from '../api/index.ts'
import { stageOfEvent } from './stage-of.ts'

/** Something that has just come through a stage and goes on to the next. */
export interface Grain {
  readonly key: number
  readonly stage: Stage
  /** Money is drawn in the colour of payouts, wherever it moves. */
  readonly isMoney: boolean
}

/** Grains in the picture at once: of a flood of news these are enough to see that it flows. */
const most = 12
const lifeMs = 900

/** News by which tokens change hands. */
const money: ReadonlySet<string> = new Set([
  'jobs.awarded',
  'jobs.accepted',
  'models.redeemed',
  'payouts.receipt',
  'payouts.finalized',
  'payouts.claimed'
])

/** What moves in the picture now, and the stage where something happened last. */
export function useGrains(): { readonly grains: readonly Grain[]; readonly last: Stage | undefined } {
  const [grains, setGrains] = useState<readonly Grain[]>([])
  const [last, setLast] = useState<Stage>()
  const number = useRef(0)
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>())
  useEffect(() => {
    const waiting = timers.current
    return () => {
      for (const timer of waiting) clearTimeout(timer)
    }
  }, [])
  useEvents(event => {
    const stage = stageOfEvent(event)
    if (stage === undefined) return
    setLast(stage)
    const key = ++number.current
    setGrains(now => (now.length >= most ? now : [...now, { key, stage, isMoney: money.has(event.name) }]))
    const timer = setTimeout(() => {
      timers.current.delete(timer)
      setGrains(now => now.filter(grain => grain.key !== key))
    }, lifeMs)
    timers.current.add(timer)
  })
  return { grains, last }
}
