import type { Automation, Plan } from '../../runtime/index.ts'
import type { Proposals } from '../proposals.ts'
import type { Watcher } from '../watcher/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Everybody's automation: recomputes what others propose, and shows or votes down what is wrong. */
export function createWatching(
  { automations, nameOf, policy }: Pick<PayoutsDeps, 'automations' | 'nameOf' | 'policy'>,
  everyMs: number,
  { proposals, watcher }: { proposals: Proposals; watcher: Pick<Watcher, 'look' | 'faults'> }
): Automation {
  async function* plans(): AsyncGenerator<Plan> {
    await watcher.look()
    for (const proposal of await proposals.pending()) {
      const { pool, epoch, challengeEnds } = proposal.event
      const faults = await watcher.faults(proposal)
      const why =
        faults === undefined
          ? 'it is being fetched or computed again'
          : faults.length === 0
            ? 'nothing is wrong with it'
            : `wrong: ${faults.join(', ')}`
      const name = (await nameOf?.(pool)) ?? pool
      const what = `${faults === undefined ? 'check' : 'checked'} epoch ${epoch} of ${name}`
      yield { due: false, about: pool, what, why, at: Number(challengeEnds) * 1000 }
    }
  }
  return automations.add({ name: 'watch', on: policy?.watch ?? true, everyMs, plans })
}
