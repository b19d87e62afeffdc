import { z } from 'zod'

/** Basis points in a whole fee. */
export const wholeFee = 10_000
const points = z.int().min(0).max(wholeFee)

/**
 * Basis points of every fee; a whole split's sum is `wholeFee`. `data` goes to the pool of the model's Datanet; 0 where
 * there is none. `upstream` goes to the model that it was grown from, and by that one's split on.
 */
export const splitParts = z.strictObject({
  worker: points,
  builder: points,
  data: points,
  upstream: points.optional()
})
export type Split = z.infer<typeof splitParts>

export const splitSum = ({ worker, builder, data, upstream = 0 }: Split): number => worker + builder + data + upstream

/** As people read it: who has how much of a hundred. */
export const splitText = (split: Split): string =>
  Object.entries(split)
    .map(([part, share]) => `${part} ${share / 100} %`)
    .join(', ')
