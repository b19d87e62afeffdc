import type { StepView } from '../../../daemon/api/contract/ask-events.ts'

// A conversation as a tree: what is edited or asked again stands beside what was there, and one way through it is
// shown.

/** What is known of an answer besides its text. Amounts in the token's smallest unit. */
export interface AnswerFacts {
  readonly state: 'coming' | 'done' | 'stopped' | 'failed'
  readonly worker?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  /** So far; what the receipts come to once it is done. */
  readonly fee?: string
  readonly receipts: readonly string[]
  /** Of an agent: which of its steps is asked now, and in the end what each came to. */
  readonly step?: { readonly name: string; readonly number: number; readonly of: number }
  readonly steps?: readonly StepView[]
  /** Why it failed, and what to do. */
  readonly fault?: string
  readonly help?: string
  readonly isPrivate?: boolean
  /** Milliseconds from the question to the first word, and to the end. */
  readonly firstMs?: number
  readonly ms?: number
}

export interface Turn {
  readonly id: string
  readonly parent: string | null
  readonly role: 'user' | 'assistant'
  readonly text: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly answer?: AnswerFacts
}

export interface Thread {
  readonly id: string
  readonly model: string
  readonly modelName: string
  readonly turns: readonly Turn[]
  /** The turn that the way shown goes through, by the turn before it (`` for the first). */
  readonly chosen: Readonly<Record<string, string>>
  readonly at: number
}

/** Turns of one conversation; what a request takes is 64 messages. */
export const mostTurns = 400
const mostMessages = 64

const childrenOf = ({ turns }: Thread, parent: string | null): readonly Turn[] =>
  turns.filter(turn => turn.parent === parent)

export const emptyThread = (id: string, model: string, modelName: string, at: number): Thread => ({
  id,
  model,
  modelName,
  turns: [],
  chosen: {},
  at
})

/** A turn on the way that is shown, with those that stand in its place on other ways. */
export interface Shown {
  readonly turn: Turn
  /** Ids of the turns in its place, itself among them. */
  readonly versions: readonly string[]
}

/** The way that is shown, from the first turn on. */
export function wayOf(thread: Thread): Shown[] {
  const way: Shown[] = []
  for (let parent: string | null = null; way.length <= mostTurns;) {
    const children = childrenOf(thread, parent)
    const wanted: string | undefined = thread.chosen[parent ?? '']
    const turn: Turn | undefined = children.find(({ id }) => id === wanted) ?? children.at(-1)
    if (turn === undefined) return way
    way.push({ turn, versions: children.map(({ id }) => id) })
    parent = turn.id
  }
  return way
}

/** A turn more, which the way goes through from now on. Of too long a conversation the oldest ways go. */
export function withTurn(thread: Thread, turn: Turn): Thread {
  const kept = thread.turns.length < mostTurns ? thread.turns : pruned(thread)
  return {
    ...thread,
    turns: [...kept, turn],
    chosen: { ...thread.chosen, [turn.parent ?? '']: turn.id },
    at: turn.at
  }
}

/** Only the way that is shown. */
const pruned = (thread: Thread): readonly Turn[] => wayOf(thread).map(({ turn }) => turn)

export const withChange = (thread: Thread, id: string, change: (turn: Turn) => Turn): Thread => ({
  ...thread,
  turns: thread.turns.map(turn => (turn.id === id ? change(turn) : turn))
})

/** Another version of a turn is shown, and what followed on it. */
export const withChoice = (thread: Thread, parent: string | null, id: string): Thread => ({
  ...thread,
  chosen: { ...thread.chosen, [parent ?? '']: id }
})

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What the model is told so that it answers this turn of the user's: the way up to it, the newest if it is long. */
export function messagesFor(thread: Thread, userTurn: string, system: string): Message[] {
  const byId = new Map(thread.turns.map(turn => [turn.id, turn]))
  const messages: Message[] = []
  for (let turn = byId.get(userTurn); turn !== undefined; turn = byId.get(turn.parent ?? ''))
    // What never came is not part of the conversation.
    if (turn.text.trim() !== '') messages.unshift({ role: turn.role, content: turn.text })
  const told: Message[] = system.trim() === '' ? [] : [{ role: 'system', content: system.trim() }]
  const room = messages.slice(-(mostMessages - told.length))
  // A conversation begins with the user.
  while (room[0]?.role === 'assistant') room.shift()
  return [...told, ...room]
}

/** What all answers cost, whichever way they are on. */
export const costOf = ({ turns }: Thread): bigint =>
  turns.reduce((sum, { answer }) => sum + BigInt(answer?.fee ?? 0), 0n)
