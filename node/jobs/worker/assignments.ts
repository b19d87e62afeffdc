import { assignment, clockSkewSeconds, longestJobSeconds } from '../../../protocol/jobs/index.ts'
import type { Assignment } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../deps.ts'

/**
 * A worker's awards. What is open is in memory; of what is closed no more than its escrow is, and that, with its paper
 * on disk, for no longer than its job could be said again: an escrow pays once.
 */
export interface Assignments {
  /** Those that are not closed. */
  readonly open: ReadonlyMap<Hex, Assignment>
  load(): Promise<void>
  /** On disk when it resolves. */
  readonly keep: (id: Hex, at: Assignment) => Promise<void>
  /** Whether an award for this escrow was taken before. */
  had(escrow: Hex): boolean
  /** Forgets what is closed and cannot come again. */
  forget(): Promise<void>
}

/** After this second no job can be said again that an award with such a deadline was for. */
const forgottenAfter = ({ award }: Assignment): bigint =>
  award.statement.message.deadline + longestJobSeconds + clockSkewSeconds

/** @param now seconds since 1970 */
export function createAssignments({ store }: Pick<JobsDeps, 'store'>, now: () => bigint): Assignments {
  const table = store.collection('jobs/assignments', assignment)
  const open = new Map<Hex, Assignment>()
  /** Of what is closed, by escrow: thirty days' work at most. */
  const closed = new Map<Hex, { readonly id: Hex; readonly until: bigint }>()

  const note = (id: Hex, at: Assignment): void => {
    if (at.state === 'closed') {
      open.delete(id)
      closed.set(at.escrow, { id, until: forgottenAfter(at) })
    } else open.set(id, at)
  }
  const assignments: Assignments = {
    open,
    async load() {
      for await (const [id, at] of table.entries()) note(id as Hex, at)
      await assignments.forget()
    },
    async keep(id, at) {
      await table.put(id, at)
      note(id, at)
    },
    had: escrow => closed.has(escrow) || [...open.values()].some(at => at.escrow === escrow),
    async forget() {
      for (const [escrow, { id, until }] of closed) {
        if (until > now()) continue
        closed.delete(escrow)
        await table.delete(id, { sync: false }) // found again, it goes with the next round
      }
    }
  }
  return assignments
}
