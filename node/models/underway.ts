import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Clock, Events } from '../runtime/types.ts'
import type { AnswerUnderway, AskEvent, ModelEvents } from './types.ts'

/** Milliseconds between two pieces of news of one answer. */
const sayMs = 500

/** An answer that has begun. */
export interface Coming {
  /** Who is on the other side of it now. */
  with(peer: Address): void
  /** So many tokens have come so far. */
  grew(tokens: number): void
  over(): void
}

/** Answers that are coming now, as their client or their worker: how far each is, and no word of it. */
export interface Underway {
  begin(answer: { role: 'client' | 'worker'; model: Hex; wanted: number; peer?: Address }): Coming
  list(): AnswerUnderway[]
}

export function createUnderway({ clock, events }: { clock: Clock; events: Events<ModelEvents> }): Underway {
  const coming = new Map<number, AnswerUnderway>()
  let last = 0

  return {
    begin({ role, model, wanted, peer }) {
      const number = ++last
      const startedAt = clock.now()
      let answer: AnswerUnderway = { number, role, model, peer: peer ?? null, tokens: 0, wanted, startedAt }
      let saidAt = 0
      const say = (over: boolean): void => {
        saidAt = clock.now()
        events.emit('models.answering', { ...answer, over })
      }
      const become = (more: Partial<AnswerUnderway>): void => {
        if (!coming.has(number)) return
        answer = { ...answer, ...more }
        coming.set(number, answer)
        if (clock.now() - saidAt >= sayMs) say(false)
      }
      coming.set(number, answer)
      say(false)
      return {
        with: other => become({ peer: other }),
        grew: tokens => become({ tokens }),
        over() {
          if (coming.delete(number)) say(true)
        }
      }
    },
    list: () => [...coming.values()]
  }
}

/** A client's answer says by its own events how far it is. */
export function watched(coming: Coming, emit: (event: AskEvent) => void): (event: AskEvent) => void {
  let tokens = 0
  return event => {
    if (event.kind === 'worker') coming.with(event.worker)
    if (event.kind === 'text') coming.grew((tokens += event.ids.length))
    emit(event)
  }
}
