import type { ModelConfig } from '../architecture/config.ts'
import { checkTokens } from '../architecture/tokens.ts'
import { ModelError } from '../graph/errors.ts'
import { f32, i64, type Feeds } from '../graph/session.ts'
import type { TrainRow } from '../types.ts'
import { binFeeds } from './bins.ts'
import { ignored } from './labels.ts'

/** Rows padded to one length, as the feeds of a training or scoring graph. */
export interface PackedBatch {
  readonly feeds: Feeds
  /** Tokens without padding. */
  readonly tokens: number
  /** Positions that have a label. */
  readonly targets: number
  /** Positions that are fed for each adapter: its labelled ones in the order of its rows, then padding. */
  readonly perGroup: number
  /** Padded length. */
  readonly time: number
}

const masks = new Map<number, Float32Array>()

/**
 * The causal mask [1, 1, T, T]: 0 where position t may look, −∞ where it may not. Padding is on the right, so no real
 * position sees it.
 */
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
    mask: f32(causalMask(time), [1, 1, time, time])
  }
}

/** Shapes are rounded up to a multiple of this, so that memory plans repeat. */
const granularity = 8

/**
 * Feeds of a batch whose loss is Σ weight · nll, one row a sequence. `weightOf(r)` is the weight of each labelled token
 * of row r, normally one over the number of labelled tokens in the optimizer step. Rows fall into groups of
 * `perAdapter`,
 * one for each adapter that is stacked; without it they are one group.
 */
export function packBatch(
  rows: readonly TrainRow[],
  weightOf: (row: number) => number,
  perAdapter = rows.length
): PackedBatch {
  const longest = rows.reduce((n, row) => Math.max(n, row.ids.length), 1)
  const time = Math.ceil(longest / granularity) * granularity
  return withTargets(
    sequenceFeeds(rows, time),
    rows.map(row => [row]),
    time,
    perAdapter,
    weightOf
  )
}

/** The same for sequences that hold several rows each; `weightOf` is asked per sequence. */
export function packBins(
  bins: readonly (readonly TrainRow[])[],
  time: number,
  perAdapter: number,
  weightOf: (bin: number) => number
): PackedBatch {
  return withTargets(binFeeds(bins, time), bins, time, perAdapter, weightOf)
}

interface Target {
  readonly position: number
  readonly label: number
  readonly weight: number
}

/**
 * Adds what the loss needs: the labelled positions (as the position before them), their labels and weights, as many for
 * each adapter.
 */
function withTargets(
  sequences: Feeds,
  bins: readonly (readonly TrainRow[])[],
  time: number,
  perAdapter: number,
  weightOf: (bin: number) => number
): PackedBatch {
  const groups: Target[][] = Array.from({ length: Math.ceil(bins.length / perAdapter) }, () => [])
  bins.forEach((rows, b) => groups[Math.floor(b / perAdapter)]?.push(...targetsOf(rows, b * time, weightOf(b))))
  const most = Math.max(1, ...groups.map(g => g.length))
  const perGroup = Math.ceil(most / granularity) * granularity
  // Padding is some position of the same adapter, with no weight.
  const all = groups.flatMap((g, k) =>
    Array.from({ length: perGroup }, (_, i): Target => g[i] ?? { position: k * perAdapter * time, label: 0, weight: 0 })
  )
  const feeds = {
    ...sequences,
    targets: i64(
      all.map(t => t.position),
      [all.length]
    ),
    labels: i64(
      all.map(t => t.label),
      [all.length]
    ),
    weights: f32(
      Float32Array.from(all, t => t.weight),
      [all.length]
    )
  }
  const tokens = bins.reduce((n, rows) => n + rows.reduce((m, row) => m + row.ids.length, 0), 0)
  return { feeds, tokens, targets: groups.reduce((n, g) => n + g.length, 0), perGroup, time }
}

function targetsOf(rows: readonly TrainRow[], from: number, weight: number): Target[] {
  const targets: Target[] = []
  let start = from
  for (const row of rows) {
    for (let t = 1; t < row.ids.length; t++) {
      const label = row.labels[t] ?? ignored
      if (label !== ignored) targets.push({ position: start + t - 1, label, weight })
    }
    start += row.ids.length
  }
  return targets
}

/** Throws a ModelError where a row, the `index`-th from 0, does not fit the model or its labels do not fit it. */
export function checkRow(
  { ids, labels }: TrainRow,
  config: Pick<ModelConfig, 'vocabulary' | 'context'>,
  index: number
): void {
  checkTokens(ids, config, `row ${index + 1}`)
  if (labels.length !== ids.length)
    throw new ModelError('row-labels', `row ${index + 1} has ${ids.length} tokens and ${labels.length} labels`)
  checkTokens(
    labels.filter(label => label !== ignored),
    config,
    `labels of row ${index + 1}`
  )
}
