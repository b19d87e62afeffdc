import { splitSum, wholeFee } from '../../../protocol/primitives/split.ts'
import type { Split } from '../../../protocol/primitives/split.ts'

export interface SplitText {
  readonly worker: string
  readonly builder: string
  readonly data: string
  readonly upstream: string
}

/** In percent, as the form begins with it. */
export function typedSplit({ worker, builder, data, upstream = 0 }: Split): SplitText {
  const typed = (points: number): string => String(points / 100)
  return { worker: typed(worker), builder: typed(builder), data: typed(data), upstream: typed(upstream) }
}

const pointsOf = (percent: string): number | undefined => {
  const value = Number(percent.trim().replace(',', '.'))
  const points = Math.round(value * 100)
  return percent.trim() === '' || !Number.isFinite(value) || value < 0 || Math.abs(value * 100 - points) > 1e-9
    ? undefined
    : points
}

/**
 * Percent as typed, in hundredths of a percent; or what is wrong with them, such as less for the data than the Datanet
 * asks for.
 */
export function splitOf(text: SplitText, leastData: number): { readonly split: Split } | { readonly fault: string } {
  const [worker, builder, data] = [pointsOf(text.worker), pointsOf(text.builder), pointsOf(text.data)]
  const upstream = pointsOf(text.upstream)
  if (worker === undefined || builder === undefined || data === undefined || upstream === undefined)
    return { fault: 'Give each part in percent, with two digits after the point at most.' }
  const split = { worker, builder, data, ...(upstream === 0 ? {} : { upstream }) }
  const sum = splitSum(split)
  if (sum !== wholeFee) return { fault: `Together these are ${sum / 100} %; they must be 100 %.` }
  return data < leastData ? { fault: `The Datanet asks that ${leastData / 100} % or more go to its data.` } : { split }
}
