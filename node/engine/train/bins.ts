import { f32, i64, type Feeds } from '../graph/session.ts'
import type { TrainRow } from '../types.ts'

/** First fit, longest first: rows into as few sequences of `time` tokens as that gives. Every row fits alone. */
export function fillBins(rows: readonly TrainRow[], time: number): TrainRow[][] {
  const bins: { rows: TrainRow[]; left: number }[] = []
  for (const row of rows.toSorted((x, y) => y.ids.length - x.ids.length)) {
    const length = row.ids.length
    const bin = bins.find(b => b.left >= length)
    if (bin === undefined) bins.push({ rows: [row], left: time - length })
    else {
      bin.rows.push(row)
      bin.left -= length
    }
  }
  return bins.map(bin => bin.rows)
}

/**
 * ids, positions and mask of sequences that hold several rows each: positions start again with every row, and the mask
 * [bins, 1, T, T] lets a position see its own row only. What is left of a sequence is a row of padding.
 */
export function binFeeds(bins: readonly (readonly TrainRow[])[], time: number): Feeds {
  const ids = new Int32Array(bins.length * time)
  const positions = new Int32Array(bins.length * time)
  const mask = new Float32Array(bins.length * time * time).fill(-Infinity)
  bins.forEach((rows, b) => {
    let start = 0
    const place = (length: number): void => {
      for (let t = 0; t < length; t++) {
        positions[b * time + start + t] = t
        const at = (b * time + start + t) * time + start
        mask.fill(0, at, at + t + 1)
      }
      start += length
    }
    for (const row of rows) {
      ids.set(row.ids, b * time + start)
      place(row.ids.length)
    }
    place(time - start)
  })
  return {
    ids: i64(ids, [bins.length, time]),
    positions: i64(positions, [bins.length, time]),
    mask: f32(mask, [bins.length, 1, time, time])
  }
}
