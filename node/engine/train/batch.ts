import { f32, i64, type Feeds } from '../graph/session.ts'

/** Rows padded to one length, as the feeds of a training or scoring graph. */
export interface PackedBatch {
  readonly feeds: Feeds
  /** Tokens without padding. */
  readonly tokens: number
  /** Positions that have a label. */
  readonly targets: number
}

const masks = new Map<number, Float32Array>()

/** The causal mask [1, 1, T, T]: 0 where position t may look, −∞ where it may not. Padding is on the right, so no real position sees it. */
export function causalMask(time: number): Float32Array {
  const known = masks.get(time)
  if (known !== undefined) return known
  const mask = new Float32Array(time * time)
  for (let t = 0; t < time; t++) mask.fill(-Infinity, t * time + t + 1, (t + 1) * time)
  if (masks.size > 64) masks.clear()
  masks.set(time, mask)
  return mask
}

/** ids and positions of rows padded to `time`. */
export function sequenceFeeds(rows: readonly { readonly ids: ArrayLike<number> }[], time: number): Feeds {
  const ids = new Int32Array(rows.length * time)
  const positions = new Int32Array(rows.length * time)
  rows.forEach((row, r) => {
    ids.set(row.ids, r * time)
    for (let t = 0; t < time; t++) positions[r * time + t] = t
  })
  return {
    ids: i64(ids, [rows.length, time]),
    positions: i64(positions, [rows.length, time]),
    mask: f32(causalMask(time), [1, 1, time, time]),
  }
}
