import { tokenText } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Claims } from '../settler/index.ts'
import type { ClaimPolicy, PayoutsDeps } from '../types.ts'

/** Whether a claim is worth its gas. One transaction brings what all epochs of a pool have given to an account. */
export const worthClaiming = ({ at }: Pick<ClaimPolicy, 'at'>, claimable: bigint): boolean =>
  claimable > 0n && claimable >= at

/** What an account may claim from a pool. */
interface Claimable {
  readonly pool: Hex
  readonly account: Address
  readonly claimable: bigint
}

/**
 * The automation of contributors and scorers: claims for this node's account, and for those whose gas its owner pays.
 * @param seats pools in which this node is a scorer
 */
export function createClaiming(
  { automations, nameOf, policy: policies, pools, self }: PayoutsDeps,
  everyMs: number,
  claims: Pick<Claims, 'claim' | 'claimableIn' | 'earningsIn'>,
  seats: () => readonly Hex[]
): Automation | undefined {
  const policy = policies?.claim
  if (policy === undefined || pools === undefined) return undefined

  /**
   * Its own where it contributed or scores, those of named accounts where it follows, everybody's where it is the host.
   */
  async function* claimable({ accounts, contributors }: ClaimPolicy): AsyncGenerator<Claimable> {
    const named = new Set([self, ...accounts])
    for (const account of named) {
      const own = new Set([...(pools?.('contributed') ?? []), ...seats()])
      const where = account === self ? [...own] : (pools?.('followed') ?? [])
      for (const line of await claims.earningsIn(where, account)) yield { account, ...line }
    }
    for (const pool of contributors ? (pools?.('hosted') ?? []) : [])
      for (const line of await claims.claimableIn(pool)) if (!named.has(line.account)) yield { pool, ...line }
  }

  async function* plans(): AsyncGenerator<Plan> {
    if (policy === undefined) return
    for await (const { pool, account, claimable: sum } of claimable(policy)) {
      if (sum === 0n) continue
      const name = (await nameOf?.(pool)) ?? pool
      const plan = { about: account, what: `claim ${account === self ? '' : `for ${account} `}from ${name}` }
      if (worthClaiming(policy, sum))
        yield {
          due: true,
          ...plan,
          async run() {
            const { amount } = await claims.claim(account, [pool])
            return `claimed ${tokenText(amount)} tokens from ${name} for ${account}`
          }
        }
      else {
        const why = `${tokenText(sum)} tokens so far; from ${tokenText(policy.at)} on it is worth its gas`
        yield { due: false, ...plan, why, at: null }
      }
    }
  }

  return automations.add({ name: 'claim', on: policy.on, everyMs, plans })
}
