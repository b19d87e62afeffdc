import type { DeclineCode } from '../../../protocol/jobs/index.ts'
import { TilthError, pageOf } from '../../../protocol/primitives/index.ts'
import type { Address, Hex, Page, PageRequest } from '../../../protocol/primitives/index.ts'

export type { DeclineCode }

/** A job that this node did not bid for, and what its owner can do about it. */
export interface DeclineView {
  readonly job: Hex
  readonly builder: Address
  readonly code: DeclineCode
  readonly reason: string
  readonly help: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** When it is looked at again; null where nothing but a change of settings can help. */
  readonly again: number | null
}

/** When a job is looked at again: what is missing may come, hours pass, and an owner may change the terms. */
const againMs = { passing: 5_000, hours: 60_000, final: 600_000 } as const
const lasts = {
  'work.parameters': 'final',
  'work.rows': 'final',
  'work.seconds': 'final',
  'work.trainer': 'final',
  'work.price': 'final',
  'work.deadline': 'final',
  'work.hours': 'hours',
  'work.base': 'passing',
  'work.deposit': 'passing',
  'work.stake': 'passing',
  'work.keys': 'hours',
  'work.states': 'hours',
  'work.version': 'passing',
  'work.away': 'passing',
  'work.failed': 'passing'
} as const satisfies Record<DeclineCode, keyof typeof againMs>

/** What stands against a bid: the owner's own terms, or what the job needs and cannot be had now. */
export class DeclinedError extends TilthError {
  readonly why: DeclineCode
  /** What the job would take and cost here, where that was found out. */
  readonly estimate: { readonly seconds: number; readonly price: bigint } | undefined

  constructor(
    why: DeclineCode,
    reason: string,
    help: string,
    cause?: unknown,
    estimate?: { readonly seconds: number; readonly price: bigint }
  ) {
    super(why, reason, {
      help,
      consequence: lasts[why] === 'final' ? 'ignore' : 'retry',
      ...(cause === undefined ? {} : { cause })
    })
    this.why = why
    this.estimate = estimate
  }
}

/** Jobs remembered as declined; of more, the oldest are forgotten. */
const mostDeclined = 500

export interface Declines {
  /** Whether a job was declined and is not to be looked at yet. */
  waits(job: Hex): boolean
  /** @returns what it was taken for */
  note(job: Hex, builder: Address, error: unknown): DeclinedError
  /** A bid was made after all. */
  forget(job: Hex): void
  /** Newest first. */
  list(request?: PageRequest): Page<DeclineView>
}

export function createDeclines(clock: { now(): number }): Declines {
  const declined = new Map<Hex, { readonly view: DeclineView; readonly until: number }>()
  return {
    waits: job => (declined.get(job)?.until ?? 0) > clock.now(),
    note(job, builder, error) {
      const known =
        error instanceof DeclinedError
          ? error
          : new DeclinedError(
              'work.failed',
              'the job could not be looked at',
              "The daemon's log says what failed.",
              error
            )
      const final = lasts[known.why] === 'final'
      const at = clock.now()
      const until = at + againMs[lasts[known.why]]
      declined.delete(job)
      const view = { job, builder, code: known.why, reason: known.message, help: known.help ?? '', at }
      declined.set(job, { view: { ...view, again: final ? null : until }, until })
      const oldest = declined.keys().next()
      if (declined.size > mostDeclined && oldest.done !== true) declined.delete(oldest.value)
      return known
    },
    forget(job) {
      declined.delete(job)
    },
    list: (request = {}) =>
      pageOf(
        [...declined.values()].reverse().map(({ view }) => view),
        request,
        ({ job }) => job
      )
  }
}
