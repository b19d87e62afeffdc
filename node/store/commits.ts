import type { Level } from 'level'
import { afterTurn } from '../runtime/after-turn.ts'
import type { Anew } from './anew.ts'
import { storeError } from './errors.ts'

export type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string }

/**
 * Writes all operations or none; with `sync` they are on disk when it resolves. Writes keep the order of their calls.
 */
export type Commit = (operations: readonly Operation[], sync: boolean) => Promise<void>

interface Waiting {
  readonly operations: readonly Operation[]
  readonly sync: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What is written of each key at last: in between nobody can have read it. */
function lastOf(group: readonly Waiting[]): Operation[] {
  const last = new Map<string, Operation>()
  for (const { operations } of group) for (const operation of operations) last.set(operation.key, operation)
  return [...last.values()]
}

/**
 * Group commit: what is written in one turn of the loop, or while the disk is busy, goes there together, so that many
 * small writes at once cost one flush. The queue is as long as there are callers that wait for their write.
 */
export function createCommits(
  db: Level,
  anew: Pick<Anew, 'write'>,
  directory: string
): { commit: Commit; idle: () => Promise<void> } {
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function drain(): Promise<void> {
    await new Promise<void>(afterTurn)
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        const operations = lastOf(group)
        const sync = group.some(({ sync }) => sync)
        await anew.write(() => db.batch(operations, { sync }))
        for (const { resolve } of group) resolve()
      } catch (cause) {
        const error = storeError(cause, directory)
        for (const { reject } of group) reject(error)
      }
    }
    running = undefined // in the same turn as the check above, so that no write is missed
  }

  return {
    commit: (operations, sync) =>
      new Promise((resolve, reject) => {
        waiting.push({ operations, sync, resolve, reject })
        running ??= drain()
      }),
    idle: async () => {
      await running
    }
  }
}
