import { z } from 'zod'
import type { PermitWanted } from '../../../protocol/data/bond.ts'
import type { CommitmentTerms } from '../../../protocol/data/commitment.ts'
import type { Address, Hex } from '../../../protocol/primitives/hex.ts'
import { named, nothing, paged, pageSchema, route } from './route.ts'
import { account, addressView, decimal, hash } from './views.ts'

/** What is locked with a contribution. */
export const bondView = z.object({
  contribution: hash,
  datanet: hash,
  contributor: addressView,
  amount: decimal,
  /** From then on it can be had back, and is burnt no more; milliseconds since 1970. */
  until: z.int(),
  state: z.enum(['open', 'returned', 'burnt']),
  /** Weight that calls it spam, of all that decides on it (0 where the Datanet is not known here), and whose. */
  spam: z.int(),
  total: z.int(),
  spoke: z.array(addressView)
})
export type BondView = z.infer<typeof bondView>

/** A contribution that waits for its contributor to sign anew. */
export const unsentView = z.object({
  id: hash,
  datanet: hash,
  contributor: addressView,
  rows: z.int(),
  /** `contribution.rules`, `.late` or `.bond`, and the same in words. */
  code: z.string(),
  says: z.string(),
  at: z.int()
})
export type UnsentView = z.infer<typeof unsentView>

/** What a contributor signs, beside the content: the rules it is made under, its last hour, its bond. */
export const agreedView = z.object({
  rules: hash,
  /** Chain seconds. */
  deadline: decimal,
  /** In the token's smallest unit, and for how many seconds from its block on. */
  bond: decimal,
  bondSeconds: decimal,
  /** What the token has to be told first, signed under its address; none where it needs nothing. */
  permit: z
    .object({
      token: addressView,
      owner: addressView,
      spender: addressView,
      value: decimal,
      nonce: decimal,
      deadline: decimal
    })
    .optional()
})
export type AgreedView = z.infer<typeof agreedView>

/** What a daemon says that there is to agree to, as statements have it. */
export function agreedTerms({ rules, deadline, bond, bondSeconds, permit }: AgreedView): {
  readonly terms: CommitmentTerms
  readonly permit?: PermitWanted
} {
  const numbers = { deadline: BigInt(deadline), bond: BigInt(bond), bondSeconds: BigInt(bondSeconds) }
  const terms = { rules: rules as Hex, ...numbers }
  if (permit === undefined) return { terms }
  const { token, owner, spender, value, nonce, deadline: until } = permit
  const parties = { owner: owner as Address, spender: spender as Address }
  const message = { ...parties, value: BigInt(value), nonce: BigInt(nonce), deadline: BigInt(until) }
  return { terms, permit: { token: token as Address, message } }
}

/** What is locked with contributions, and what could not be sent as it was signed. */
export const bondRoutes = {
  bonds: route({
    method: 'GET',
    path: '/api/bonds',
    stage: 'contribution',
    summary: 'Bonds that are open, those first that come back first: of this daemon and what was brought to it',
    params: paged.extend({ contributor: account.optional() }),
    reply: pageSchema(bondView)
  }),
  bond: route({
    method: 'GET',
    path: '/api/contributions/:id/bond',
    stage: 'contribution',
    summary: 'What is locked with a contribution, and until when',
    params: named,
    reply: bondView
  }),
  giveBack: route({
    method: 'POST',
    path: '/api/contributions/:id/bond/back',
    stage: 'contribution',
    summary: 'Give a bond whose time is over back to its contributor; anyone may',
    params: named,
    body: nothing,
    reply: bondView
  }),
  callSpam: route({
    method: 'POST',
    path: '/api/contributions/:id/spam',
    stage: 'votes',
    summary: "This validator's word on chain that a contribution is spam: over two thirds of its roster burn its bond",
    params: named,
    body: nothing,
    reply: bondView
  }),
  unsent: route({
    method: 'GET',
    path: '/api/unsent',
    stage: 'contribution',
    summary: 'Contributions that could not be sent as they were signed: other rules, too late, or no bond',
    params: paged,
    reply: pageSchema(unsentView)
  }),
  confirmContribution: route({
    method: 'POST',
    path: '/api/unsent/:id/confirm',
    stage: 'contribution',
    summary: "Sign such a contribution anew with the daemon's key, under the rules in force now, and send it",
    params: named,
    /** What may be locked with it at most; nothing unless given. */
    body: z.strictObject({ bond: decimal.optional() }).optional(),
    reply: z.object({ id: hash })
  })
} as const
