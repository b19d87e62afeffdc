import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { ask } from './ask.ts'
import type { AskSettings } from './settings-form.ts'
import { conversations } from './store.ts'
import { emptyThread, messagesFor, withChange, withChoice, withTurn } from './thread.ts'
import type { Thread, Turn } from './thread.ts'

const freshId = (): string => crypto.randomUUID()

interface About {
  /** The conversation; a new one where it is not known. */
  readonly id: string
  readonly model: string
  readonly modelName: string
  readonly settings: AskSettings
}

/** One conversation with a model, kept in this browser, and what can be done in it. */
export function useThread({ id, model, modelName, settings }: About) {
  const all = useSyncExternalStore(conversations.watch, conversations.all)
  const thread = all.find(one => one.id === id) ?? emptyThread(id, model, modelName, Date.now())
  const [running, setRunning] = useState<{ readonly turn: string; readonly stop: () => void }>()
  const latest = useRef(thread)
  latest.current = thread
  const put = (next: Thread): void => {
    latest.current = next
    conversations.put(next)
  }

  // Whoever leaves the page stops what is coming: it would go on to cost.
  const stopOnLeave = useRef<(() => void) | undefined>(undefined)
  stopOnLeave.current = running?.stop
  useEffect(() => () => stopOnLeave.current?.(), [])

  async function answer(user: string): Promise<void> {
    const turn: Turn = {
      id: freshId(),
      parent: user,
      role: 'assistant',
      text: '',
      at: Date.now(),
      answer: { state: 'coming', receipts: [] }
    }
    put(withTurn(latest.current, turn))
    const abort = new AbortController()
    setRunning({
      turn: turn.id,
      stop: () => abort.abort()
    })
    await ask({
      model: latest.current.model,
      messages: messagesFor(latest.current, user, settings.system),
      settings,
      signal: abort.signal,
      onAnswer: ({ text, facts }) => put(withChange(latest.current, turn.id, one => ({ ...one, text, answer: facts })))
    })
    setRunning(undefined)
  }

  function say(text: string, parent: string | null): void {
    const turn: Turn = { id: freshId(), parent, role: 'user', text, at: Date.now() }
    put(withTurn(latest.current, turn))
    void answer(turn.id)
  }

  return {
    thread,
    running,
    say,
    /** Another answer beside the one that is there. */
    again: (turn: Turn) => {
      if (turn.parent !== null) void answer(turn.parent)
    },
    choose: (parent: string | null, turn: string) => put(withChoice(latest.current, parent, turn))
  }
}
