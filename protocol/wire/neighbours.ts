import { z } from 'zod'

// `/tilth/peers/neighbours/1`: a node asks one that it is connected to what roles it has and whom else it is connected
// to. It is that node's word about itself, over its own connection; nobody relies on it for more than a picture.

/** Neighbours that one answer names: of more, those it has been connected to for longest. */
export const maxNeighbours = 64

export const nodeRoles = ['host', 'validator', 'builder', 'worker', 'client', 'settler', 'scorer', 'relay'] as const

export const neighboursQuestion = z.strictObject({})

export const neighboursAnswer = z.strictObject({
  roles: z.array(z.enum(nodeRoles)).max(nodeRoles.length),
  /** How many it has in all, and some of them with the milliseconds to them, where it has measured that. */
  connected: z.int().min(0).max(100_000),
  neighbours: z
    .array(z.strictObject({ peerId: z.string().min(16).max(80), ms: z.int().min(0).max(3_600_000).nullable() }))
    .max(maxNeighbours)
})
export type NeighboursAnswer = z.infer<typeof neighboursAnswer>
