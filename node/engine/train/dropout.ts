import type { ModuleShape } from '../adapters/index.ts'
import { maskInput } from '../adapters/index.ts'
import { f32, type Feeds } from '../graph/session.ts'
import type { TrainRow } from '../types.ts'
import { philox } from '../weights/random.ts'

/** A row of a step, with its place among the rows of that step. */
export interface StepRow extends TrainRow {
  readonly ordinal?: number
}

export interface Dropout {
  readonly probability: number
  readonly seed: number
}

/**
 * Masks [bins · time, in] for the input of every adapted projection: 0 with the given probability, else 1 / (1 − p).
 * The
 * mask of a row depends on seed, step, projection and the row's place in the step, not on how rows are laid out.
 */
export function dropoutFeeds(
  dropout: Dropout,
  modules: readonly ModuleShape[],
  bins: readonly (readonly StepRow[])[],
  time: number,
  step: number
): Feeds {
  const { probability, seed } = dropout
  const limit = Math.round(probability * 0x10000)
  const keep = 1 / (1 - probability)
  const key = [seed >>> 0, 0xd809] as const
  const feeds: Feeds = {}
  modules.forEach((m, index) => {
    const mask = new Float32Array(bins.length * time * m.in).fill(1)
    bins.forEach((rows, b) => {
      let at = b * time * m.in
      for (const row of rows) {
        const count = row.ids.length * m.in
        for (let i = 0; i < count; i += 8) {
          const words = philox([i >>> 3, row.ordinal ?? 0, index, step], key)
          for (let j = 0; j < 8 && i + j < count; j++) {
            const bits = ((words[j >> 1] as number) >>> ((j & 1) * 16)) & 0xffff
            mask[at + i + j] = bits < limit ? 0 : keep
          }
        }
        at += count
      }
    })
    feeds[maskInput(m.path)] = f32(mask, [bins.length * time, m.in])
  })
  return feeds
}
