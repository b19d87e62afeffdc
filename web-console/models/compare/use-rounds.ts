import { useEffect, useRef, useState } from 'react'
import { ask } from '../chat/ask.ts'
import type { Answer } from '../chat/ask.ts'
import type { AskSettings } from '../chat/settings-form.ts'

/** One prompt, and what each model answers to it. */
export interface Round {
  readonly id: string
  readonly prompt: string
  /** By model; what is not there was not asked. */
  readonly answers: Readonly<Record<string, Answer>>
}

/** Prompts kept on the page. */
const mostRounds = 50

/** The same prompts to several models: each answers as if nothing had been said before. */
export function useRounds(settings: AskSettings) {
  const [rounds, setRounds] = useState<readonly Round[]>([])
  const running = useRef(new Set<AbortController>())
  const [isBusy, setBusy] = useState(false)
  const stop = (): void => {
    for (const one of running.current) one.abort()
  }
  useEffect(() => stop, [])

  const change = (id: string, model: string, answer: Answer): void =>
    setRounds(all =>
      all.map(round => (round.id === id ? { ...round, answers: { ...round.answers, [model]: answer } } : round))
    )

  async function one(id: string, model: string, prompt: string): Promise<void> {
    const abort = new AbortController()
    running.current.add(abort)
    setBusy(true)
    const { system } = settings
    await ask({
      model,
      messages: [
        ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system.trim() }]),
        { role: 'user', content: prompt }
      ],
      settings,
      signal: abort.signal,
      onAnswer: answer => change(id, model, answer)
    })
    running.current.delete(abort)
    setBusy(running.current.size > 0)
  }

  return {
    rounds,
    isBusy,
    stop,
    say: (prompt: string, models: readonly string[]): void => {
      const id = crypto.randomUUID()
      setRounds(all => [...all, { id, prompt, answers: {} }].slice(-mostRounds))
      for (const model of models) void one(id, model, prompt)
    },
    /** Asks a model that was put beside the others later. */
    ask: ({ id, prompt }: Round, model: string): void => void one(id, model, prompt)
  }
}
