import type { Automation, Plan } from '../../runtime/index.ts'
import type { Proposals } from '../proposals.ts'
import type { Settler } from '../settler/index.ts'
import type { Watcher } from '../watcher/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** How long others' epochs are left to those who proposed them, in seconds. */
const graceSeconds = 600n

/** When an epoch is made final by this node (seconds since 1970): its own at once, others' if they do not. */
export const finalizeFrom = (challengeEnds: bigint, own: boolean): bigint =>
  own ? challengeEnds : challengeEnds + graceSeconds

/** The settler's automation: makes epochs final whose window is over. */
export function createFinalizing(
  deps: Pick<PayoutsDeps, 'automations' | 'chain' | 'clock' | 'nameOf' | 'policy' | 'roles' | 'self'>,
  everyMs: number,
  parts: { proposals: Proposals; settler: Pick<Settler, 'finalize'>; watcher: Pick<Watcher, 'faults'> }
): Automation | undefined {
  const { automations, chain, clock, nameOf, policy, roles, self } = deps
  const { proposals, settler, watcher } = parts
  if (!roles.settler) return undefined

  async function* plans(): AsyncGenerator<Plan> {
    const pending = await proposals.pending()
    if (pending.length === 0) return
    const seconds = BigInt(Math.floor(clock.now() / 1000))
    const { timestamp } = await chain.head()
    const now = seconds > timestamp ? seconds : timestamp
    for (const proposal of pending) {
      const { pool, epoch, proposer, challengeEnds } = proposal.event
      const own = proposer === self
      // What this node has not checked, or holds to be wrong, it does not help to become final.
      if (!own && (await watcher.faults(proposal))?.length !== 0) continue
      const name = (await nameOf?.(pool)) ?? pool
      const plan = { about: pool, what: `make epoch ${epoch} of ${name} final` }
      const from = finalizeFrom(challengeEnds, own)
      if (now < from) yield { due: false, ...plan, why: 'it can be challenged until then', at: Number(from) * 1000 }
      else
        yield {
          due: true,
          ...plan,
          async run() {
            await settler.finalize(pool)
            return `epoch ${epoch} of ${name} is final`
          }
        }
    }
  }

  return automations.add({ name: 'finalize', on: policy?.finalize ?? true, everyMs, plans })
}
