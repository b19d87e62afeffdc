import { join } from 'node:path'
import { contentHash } from '../../../protocol/primitives/index.ts'
import type { Engine, TrainSettings } from '../../engine/index.ts'
import type { Pair } from '../types.ts'
import { rowOf } from '../worlds/accepted.ts'
import type { LabFolder } from './folder.ts'

/** A sibling: the rows it learns, in their order, and from which seed. */
export interface Sibling {
  readonly seed: number
  readonly rows: readonly Pair[]
}

/** How siblings of a run are trained, but for their seed. */
export type LabSettings = Omit<TrainSettings, 'seed'>

/** How every sibling is trained unless a base wants another rate. */
export const settings: LabSettings = {
  method: 'lora',
  lora: {
    rank: 8,
    alpha: 16,
    targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    dropout: 0
  },
  epochs: 16,
  batch: 4,
  accumulation: 1,
  lr: 0.005,
  schedule: 'cosine',
  warmupRatio: 0.05,
  weightDecay: 0,
  clip: 1,
  cutoff: 128,
  ema: 0.97,
  responseOnly: true
}

/** Siblings of a lot share passes of the engine: it is trained whole or not at all. */
const lotSize = 8

export interface Lot {
  readonly key: string
  readonly siblings: readonly Sibling[]
}

const keyOf = (base: string, settings: LabSettings, { seed, rows }: Sibling): string =>
  contentHash({ base, settings, seed, rows: rows.map(({ prompt, response }) => [prompt, response]) })

/** All siblings that a run needs, each once, in lots whose members depend on what was asked for before them alone. */
export class Lots {
  readonly #base: string
  readonly #settings: LabSettings
  readonly #place = new Map<string, { lot: number; at: number }>()
  readonly #lots: Sibling[][] = []
  readonly #keys: string[][] = []
  /** The lot that is being filled, by seed. */
  readonly #open = new Map<number, number>()

  /** @param base names the base model's weights */
  constructor(base: string, own: LabSettings = settings) {
    this.#base = base
    this.#settings = own
  }

  /** Siblings of one study; those of another study begin a lot of their own. */
  add(siblings: readonly Sibling[]): void {
    this.#open.clear()
    for (const sibling of siblings) {
      const key = keyOf(this.#base, this.#settings, sibling)
      if (sibling.rows.length === 0 || this.#place.has(key)) continue
      let lot = this.#open.get(sibling.seed)
      if (lot === undefined || (this.#lots[lot]?.length ?? 0) >= lotSize) {
        lot = this.#lots.push([]) - 1
        this.#keys.push([])
        this.#open.set(sibling.seed, lot)
      }
      this.#place.set(key, { lot, at: this.#lots[lot]?.length ?? 0 })
      this.#lots[lot]?.push(sibling)
      this.#keys[lot]?.push(key)
    }
  }

  get all(): Lot[] {
    return this.#lots.map((siblings, i) => ({ key: this.#keyOfLot(i), siblings }))
  }

  /** Lot and place of a sibling that was added; null for the base model, which has no rows. */
  find(sibling: Sibling): { lot: string; at: number } | null {
    if (sibling.rows.length === 0) return null
    const place = this.#place.get(keyOf(this.#base, this.#settings, sibling))
    if (place === undefined) throw new Error('a sibling is asked for that was not planned')
    return { lot: this.#keyOfLot(place.lot), at: place.at }
  }

  #keyOfLot(lot: number): string {
    return contentHash(this.#keys[lot] ?? []).slice(2, 34)
  }
}

/** Trains a lot into its folder, one PEFT folder for each sibling. */
export async function trainLot(
  { key, siblings }: Lot,
  { engine, model, folder, settings }: { engine: Engine; model: string; folder: LabFolder; settings: LabSettings },
  signal?: AbortSignal
): Promise<void> {
  const rows: Pair[] = []
  const at = new Map<string, number>()
  const indexOf = (pair: Pair): number => {
    const text = JSON.stringify([pair.prompt, pair.response])
    const known = at.get(text)
    if (known !== undefined) return known
    at.set(text, rows.length)
    return rows.push(pair) - 1
  }
  const coalitions = siblings.map(sibling => sibling.rows.map(indexOf))
  await folder.makeLot(key, async into => {
    const started = performance.now()
    const trained = await engine.tuneSiblings({
      model,
      rows: rows.map(rowOf),
      coalitions,
      settings: { ...settings, seed: siblings[0]?.seed ?? 0 },
      output: siblings.map((_, i) => join(into, String(i))),
      signal
    })
    return { seconds: (performance.now() - started) / 1000, tokens: trained.map(({ tokens }) => tokens) }
  })
}
