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

/** What most communities want: the worker that serves, the builder, and those whose data it is. */
const usualSplit = { worker: 3000, builder: 1000, data: 6000 } as const

/** The same split with so much for the data: what is missing the others give, each by its part. */
export function withDataShare({ worker, data, upstream }: Split, least: number): Split {
  const left = (share: number): number => Math.floor((share * (wholeFee - least)) / (wholeFee - data))
  const others = { worker: left(worker), ...(upstream === undefined ? {} : { upstream: left(upstream) }) }
  return { ...others, builder: wholeFee - least - others.worker - (others.upstream ?? 0), data: least }
}

/** What a builder who says nothing else gives, where the Datanet asks so many basis points for its data at least. */
export const usualSplitFor = (leastData: number): Split =>
  leastData > usualSplit.data ? withDataShare(usualSplit, leastData) : usualSplit

/** As people read it: who has how much of a hundred. */
export const splitText = (split: Split): string =>
  Object.entries(split)
    .map(([part, share]) => `${part} ${share / 100} %`)
    .join(', ')
