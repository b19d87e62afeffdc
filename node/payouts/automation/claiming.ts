import { tokenText } from '../../../protocol/primitives/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Claims } from '../settler/index.ts'
import type { ClaimPolicy, PayoutsDeps } from '../types.ts'

/** Whether a claim is worth its gas. One transaction brings what all epochs of a pool have given to an account. */
export const worthClaiming = ({ at }: Pick<ClaimPolicy, 'at'>, claimable: bigint): boolean =>
  claimable > 0n && claimable >= at

/** The contributor's automation: claims for this node's account, and for those whose gas its owner pays. */
export function createClaiming(
  { automations, nameOf, policy: policies, pools, self }: PayoutsDeps,
  everyMs: number,
  claims: Pick<Claims, 'claim' | 'earningsIn'>
): Automation | undefined {
  const policy = policies?.claim
  if (policy === undefined || pools === undefined) return undefined

  async function* plans(): AsyncGenerator<Plan> {
    if (policy === undefined) return
    for (const account of new Set([self, ...policy.accounts]))
      for (const { pool, claimable } of await claims.earningsIn(pools?.() ?? [], account)) {
        if (claimable === 0n) continue
        const name = (await nameOf?.(pool)) ?? pool
        const plan = { about: account, what: `claim ${account === self ? '' : `for ${account} `}from ${name}` }
        if (worthClaiming(policy, claimable))
          yield {
            due: true,
            ...plan,
            async run() {
              const { amount } = await claims.claim(account, [pool])
              return `claimed ${tokenText(amount)} tokens from ${name} for ${account}`
            }
          }
        else {
          const why = `${tokenText(claimable)} tokens so far; from ${tokenText(policy.at)} on it is worth its gas`
          yield { due: false, ...plan, why, at: null }
        }
      }
  }

  return automations.add({ name: 'claim', on: policy.on, everyMs, plans })
}
