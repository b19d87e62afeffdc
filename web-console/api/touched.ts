import type { EventName } from '../../daemon/api/contract/events.ts'
import { routes } from '../../daemon/api/contract/routes.ts'
import type { RouteName } from '../../daemon/api/contract/routes.ts'
import { phases, rowOf } from '../../protocol/flow.ts'
import type { Phase } from '../../protocol/flow.ts'

/** News so frequent that only what shows their progress is read again. */
const narrow: Partial<Record<EventName, readonly string[]>> = {
  'jobs.progress': ['job', 'status', 'flow', 'flowStage'],
  'models.answering': ['flow', 'flowStage', 'machine'],
  'payouts.receipt': ['receipts', 'receipt', 'earnings', 'status', 'flow', 'flowStage'],
  'node.peers': ['network', 'peers', 'status'],
  'node.logged': ['log'],
  'node.away': ['status', 'machine'],
  'jobs.draft': ['drafts', 'draft']
}

/** The phase of a call by the contract: those of the node itself stand before all of them. */
function phaseOf(call: string): Phase | undefined {
  const stage = Object.hasOwn(routes, call) ? routes[call as RouteName].stage : 'node'
  return stage === 'node' ? undefined : rowOf(stage).phase
}

/**
 * Whether what a call has answered may be another after these news. What happens in a phase shows in its own calls, in
 * those of later phases, which stand on it, and in the node's.
 */
export function isTouched(call: string, names: ReadonlySet<string>): boolean {
  const phase = phaseOf(call)
  for (const name of names) {
    if (name === 'missed') return true
    const few = narrow[name as EventName]
    if (few !== undefined) {
      if (few.includes(call)) return true
      continue
    }
    const happened = phases.indexOf(name.split('.')[0] as Phase)
    if (phase === undefined || (happened !== -1 && happened <= phases.indexOf(phase))) return true
  }
  return false
}
