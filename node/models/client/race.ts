import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Outcome } from './attempt.ts'

/** One worker's part in a race for the first token. */
export interface Lane<T> {
  readonly of: T
  /** A second one, asked because the first was slow. */
  readonly hedged: boolean
  /** Another one was first: it is cancelled, and paid for what it gave. */
  readonly lost: AbortSignal
  /** Its request is on its way: from here on its time counts. */
  asked(): void
  /** It has a token, or its answer is over. @returns whether it is the first, whose tokens the answer is made of */
  claims(): boolean
}

interface Ended<T> {
  readonly of: T
  readonly outcome: Outcome
}
export interface Raced<T> extends Ended<T> {
  /** Those that failed before, while the other one was still coming. */
  readonly failed: readonly Ended<T>[]
  /** Those that lost and are not over: each resolves when it is. */
  readonly losing: readonly Promise<unknown>[]
}

export interface Hedge<T> {
  /** Resolves once the first one has been waited for long enough; rejects when the signal aborts. */
  late(signal: AbortSignal): Promise<void>
  /** Who is asked beside it; undefined where nobody may be. */
  second(): Promise<T | undefined>
}

const slower = (): TilthError =>
  new TilthError('answer.cancelled', 'another worker was faster', { consequence: 'ignore' })

/**
 * Asks one, and a second one beside it where the first has no token in time. Whoever has the first token goes on alone.
 * @param run asks one of them; what it throws for the first is thrown
 */
export async function race<T>(
  first: T,
  run: (lane: Lane<T>) => Promise<Outcome>,
  hedge: Hedge<T> | undefined
): Promise<Raced<T>> {
  type Running = { readonly lane: Lane<T>; readonly outcome: Outcome }
  const over = new AbortController()
  const coming = new Map<Lane<T>, Promise<Running>>()
  const controls = new Map<Lane<T>, AbortController>()
  const failed: Ended<T>[] = []
  let winner: Lane<T> | undefined
  let begun = (): void => undefined
  const asked = new Promise<void>(resolve => {
    begun = resolve
  })

  function start(of: T, hedged: boolean): void {
    const control = new AbortController()
    const lane: Lane<T> = {
      of,
      hedged,
      lost: control.signal,
      asked: () => begun(),
      claims() {
        if (winner === undefined) {
          winner = lane
          for (const [other, its] of controls) if (other !== lane) its.abort(slower())
        }
        return winner === lane
      }
    }
    controls.set(lane, control)
    const ended = run(lane).then(
      outcome => ({ lane, outcome }),
      (error: unknown) => {
        // That a second one cannot be asked is no fault of the answer's.
        if (hedged) return { lane, outcome: { kind: 'failed', error, blame: 'away' } as const }
        throw error
      }
    )
    ended.catch(() => undefined) // awaited below
    coming.set(lane, ended)
  }

  start(first, false)
  let late =
    hedge &&
    asked
      .then(() => hedge.late(over.signal))
      .then(async () => ({ late: winner === undefined ? await hedge.second().catch(() => undefined) : undefined }))
  late?.catch(() => undefined) // ended with the race
  try {
    for (;;) {
      const got = await Promise.race([...coming.values(), ...(late === undefined ? [] : [late])])
      if ('late' in got) {
        late = undefined
        if (got.late !== undefined && winner === undefined) start(got.late, true)
        continue
      }
      const { lane, outcome } = got
      coming.delete(lane)
      if (winner !== undefined && winner !== lane) continue
      // What failed before it had a token leaves the answer to the other one.
      if (outcome.kind === 'failed' && winner === undefined && coming.size > 0) {
        failed.push({ of: lane.of, outcome })
        continue
      }
      lane.claims()
      return { of: lane.of, outcome, failed, losing: [...coming.values()] }
    }
  } catch (error) {
    // Nobody reads on, so nobody goes on: what came is paid.
    for (const control of controls.values()) control.abort(error)
    throw error
  } finally {
    if (hedge !== undefined) over.abort(slower())
  }
}
