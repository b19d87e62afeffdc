export interface Split {
  readonly worker: number
  readonly builder: number
  readonly data: number
}
export interface SplitText {
  readonly worker: string
  readonly builder: string
  readonly data: string
}

export const usualSplit: SplitText = { worker: '30', builder: '10', data: '60' }

const pointsOf = (percent: string): number | undefined => {
  const value = Number(percent.trim().replace(',', '.'))
  const points = Math.round(value * 100)
  return percent.trim() === '' || !Number.isFinite(value) || value < 0 || Math.abs(value * 100 - points) > 1e-9
    ? undefined
    : points
}

/** Percent as typed, in hundredths of a percent; or what is wrong with them. */
export function splitOf({ worker, builder, data }: SplitText): { readonly split: Split } | { readonly fault: string } {
  const [ofWorker, ofBuilder, ofData] = [pointsOf(worker), pointsOf(builder), pointsOf(data)]
  if (ofWorker === undefined || ofBuilder === undefined || ofData === undefined)
    return { fault: 'Give each part in percent, with two digits after the point at most.' }
  const sum = ofWorker + ofBuilder + ofData
  if (sum !== 10_000) return { fault: `Together these are ${sum / 100} %; they must be 100 %.` }
  return { split: { worker: ofWorker, builder: ofBuilder, data: ofData } }
}
