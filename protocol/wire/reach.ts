import { z } from 'zod'

// `/tilth/peers/reach/1`: a node asks another whether it can be dialled, since nobody sees that of himself.

/** Addresses in one question. */
export const maxAsked = 6

const address = z.string().min(4).max(300).startsWith('/')

/** Dial me at these. */
export const reachQuestion = z.strictObject({ addresses: z.array(address).min(1).max(maxAsked) })
export type ReachQuestion = z.infer<typeof reachQuestion>

/** `refused`: not tried, since the address is not that of the asker, or of no public network. */
export const reachAnswer = z.strictObject({
  outcomes: z.array(z.strictObject({ address, outcome: z.enum(['dialled', 'failed', 'refused']) })).max(maxAsked)
})
export type ReachAnswer = z.infer<typeof reachAnswer>
