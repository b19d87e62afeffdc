import { z } from 'zod'
import { stepView } from '../../../daemon/api/contract/ask-events.ts'
import type { Thread } from './thread.ts'

// Conversations stay in this browser: the daemon keeps what was asked only until it is settled.

const key = 'tilth.conversations'
/** The newest are kept. */
const mostThreads = 40

const answer = z.object({
  state: z.enum(['coming', 'done', 'stopped', 'failed']),
  worker: z.string().optional(),
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  fee: z
    .string()
    .regex(/^[0-9]+$/)
    .optional(),
  receipts: z.array(z.string()),
  step: z.object({ name: z.string(), number: z.int(), of: z.int() }).optional(),
  steps: z.array(stepView).optional(),
  fault: z.string().optional(),
  help: z.string().optional(),
  isPrivate: z.boolean().optional(),
  firstMs: z.number().optional(),
  ms: z.number().optional()
})
const turn = z.object({
  id: z.string(),
  parent: z.string().nullable(),
  role: z.enum(['user', 'assistant']),
  text: z.string(),
  at: z.number(),
  answer: answer.optional()
})
const thread = z.object({
  id: z.string(),
  model: z.string(),
  modelName: z.string(),
  turns: z.array(turn),
  chosen: z.record(z.string(), z.string()),
  at: z.number()
})

let threads: readonly Thread[] | undefined
const watchers = new Set<() => void>()

function read(): readonly Thread[] {
  if (threads !== undefined) return threads
  let stored: unknown
  try {
    stored = JSON.parse(localStorage.getItem(key) ?? '[]')
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  const found = z.array(thread).safeParse(stored)
  // An answer that was coming when the page went is not coming any more.
  threads = found.success
    ? (found.data as Thread[]).map(one => ({
        ...one,
        turns: one.turns.map(it =>
          it.answer?.state === 'coming' ? { ...it, answer: { ...it.answer, state: 'stopped' } } : it
        )
      }))
    : []
  return threads
}

let timer: ReturnType<typeof setTimeout> | undefined
/** Words come many a second: the disk hears of them once. */
function writeSoon(): void {
  timer ??= setTimeout(write, 400)
}
function write(): void {
  clearTimeout(timer)
  timer = undefined
  for (let kept = threads ?? []; ; kept = kept.slice(0, Math.floor(kept.length / 2))) {
    try {
      localStorage.setItem(key, JSON.stringify(kept))
      return
    } catch (error) {
      // The browser's room is full: half of the conversations, the oldest, are let go.
      if (!(error instanceof DOMException) || kept.length === 0) throw error
    }
  }
}
// Whoever reloads or goes has what was said up to then, and paid for.
globalThis.addEventListener?.('pagehide', () => {
  if (timer !== undefined) write()
})

export const conversations = {
  all: read,
  watch: (watcher: () => void): (() => void) => {
    watchers.add(watcher)
    return () => void watchers.delete(watcher)
  },
  /** Puts a conversation in, or what it has become; the newest first. */
  put(next: Thread): void {
    threads = [next, ...read().filter(({ id }) => id !== next.id)].slice(0, mostThreads)
    for (const watcher of watchers) watcher()
    writeSoon()
  },
  remove(id: string): void {
    threads = read().filter(one => one.id !== id)
    for (const watcher of watchers) watcher()
    writeSoon()
  }
}
