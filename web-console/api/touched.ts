import type { EventName } from '../../daemon/api/contract/events.ts'
import type { RouteName } from '../../daemon/api/contract/routes.ts'

/** Which calls of each phase answer otherwise after its news; those of the node itself change with any. */
const byPhase: Record<string, readonly RouteName[]> = {
  data: ['datanets', 'datanet', 'contributions', 'contribution', 'review', 'reviewOf', 'versions', 'worth', 'roster'],
  jobs: ['jobs', 'job', 'spent', 'declined', 'why'],
  models: ['models', 'model', 'offers', 'receipts', 'channels'],
  payouts: ['receipts', 'receipt', 'epochs', 'earnings', 'income', 'accounting', 'worth'],
  automation: ['status']
}
const always: readonly RouteName[] = ['status', 'peers']
/** News so frequent that only what shows their progress is read again. */
const narrow: Partial<Record<EventName, readonly RouteName[]>> = {
  'jobs.progress': ['job'],
  'payouts.receipt': ['receipts', 'receipt', 'earnings']
}

/** Whether what a call has answered may be another after these news. */
export function isTouched(call: string, names: ReadonlySet<string>): boolean {
  for (const name of names) {
    if (name === 'missed') return true
    const few = narrow[name as EventName]
    const calls: readonly string[] = few ?? [...always, ...(byPhase[name.split('.')[0] ?? ''] ?? [])]
    if (calls.includes(call)) return true
  }
  return false
}
