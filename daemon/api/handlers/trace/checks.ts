import type { Node } from '../../../../node/node.ts'
import { TilthError, describeError } from '../../../../protocol/primitives/index.ts'
import type { TraceCheck, TraceStep, TraceView } from '../../contract/index.ts'

/** What the steps are read from. */
export type TraceParts = Pick<Node, 'chain' | 'data' | 'jobs' | 'models' | 'payouts' | 'network'>

/** Looks at something: it holds as found, or does not, or could not be looked at now. */
export async function look(what: string, run: () => Promise<string> | string): Promise<TraceCheck> {
  try {
    return { what, holds: true, found: await run() }
  } catch (error) {
    if (!(error instanceof TilthError)) return { what, holds: null, found: describeError(error) }
    return { what, holds: error.consequence === 'reject' ? false : null, found: `${error.code}: ${error.message}` }
  }
}
export const holds = (what: string, yes: boolean, found: string, otherwise: string): TraceCheck => ({
  what,
  holds: yes,
  found: yes ? found : otherwise
})
/** What nobody could look at here. */
export const open = (what: string, why: string): TraceCheck => ({ what, holds: null, found: why })

export const fact = (name: string, value: string | number | bigint): TraceStep['facts'][number] => ({
  name,
  value: String(value)
})

export function viewOf(
  about: Pick<TraceView, 'kind' | 'id' | 'epoch' | 'network'>,
  steps: readonly TraceStep[]
): TraceView {
  const checks = steps.flatMap(step => step.checks)
  return {
    ...about,
    held: checks.filter(check => check.holds === true).length,
    broken: checks.filter(check => check.holds === false).length,
    open: checks.filter(check => check.holds === null).length,
    steps: [...steps]
  }
}
