import { useEffect, useRef, useState } from 'react'
import type { TestEvent } from '../../../daemon/api/contract/job-views.ts'
import { TilthError, foreignCode } from '../../../protocol/primitives/index.ts'
import { api } from '../../api/index.ts'
import type { Answered } from './test-totals.ts'

export interface Testing {
  readonly answered: readonly Answered[]
  /** How many were asked; null while none is. */
  readonly asked: number | null
  readonly isRunning: boolean
  readonly error: Error | undefined
  readonly start: (prompts: readonly string[], heldOut: number) => void
  readonly stop: () => void
}

/** Asks base and tuned model the same, question by question, until it is done or stopped. */
export function useTest(job: string): Testing {
  const [answered, setAnswered] = useState<readonly Answered[]>([])
  const [asked, setAsked] = useState<number | null>(null)
  const [isRunning, setRunning] = useState(false)
  const [error, setError] = useState<Error>()
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])

  const take = (event: TestEvent): void => {
    if (event.kind === 'begin') setAsked(event.questions)
    if (event.kind === 'answered') setAnswered(before => [...before, event])
    if (event.kind === 'error')
      throw new TilthError(foreignCode(event.code), event.message, event.help === undefined ? {} : { help: event.help })
  }
  const run = async (prompts: readonly string[], heldOut: number): Promise<void> => {
    running.current?.abort()
    const mine = new AbortController()
    running.current = mine
    setAnswered([])
    setAsked(null)
    setError(undefined)
    setRunning(true)
    try {
      const body = { prompts: [...prompts], heldOut }
      for await (const event of api.stream('testJob', { params: { id: job }, body, signal: mine.signal })) take(event)
    } catch (failure) {
      if (!mine.signal.aborted) setError(failure instanceof Error ? failure : new TypeError(String(failure)))
    } finally {
      if (running.current === mine) setRunning(false)
    }
  }
  return {
    answered,
    asked,
    isRunning,
    error,
    start: (prompts, heldOut) => void run(prompts, heldOut),
    stop: () => {
      running.current?.abort()
      setRunning(false)
    }
  }
}
