import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { resolveRuntime, rowGradients, type Engine } from '../../engine/index.ts'
import type { Chances } from '../rules/types.ts'
import type { Pair } from '../types.ts'
import { rowOf } from '../worlds/accepted.ts'
import type { LabFolder } from './folder.ts'
import type { Lots, Sibling } from './lots.ts'

/** What a model said: its text, and the tokens that it was made of. */
export interface Said {
  readonly text: string
  readonly ids: readonly number[]
}

/** Longest answer that is asked for. */
const maxTokens = 40
/** Answers whose chances are taken in one call, and siblings in one pass: what bounds the memory of a pass. */
const answersAtOnce = 16
const siblingsAtOnce = 16

/** Names a base model by its weights. */
export function baseId(model: string): string {
  return createHash('sha256')
    .update(readFileSync(join(model, 'model.safetensors')))
    .digest('hex')
    .slice(0, 32)
}

/** What siblings say and how likely they find answers; each found out once and kept in the folder. */
export class Bench {
  readonly #engine: Engine
  readonly #model: string
  readonly #base: string
  readonly #lots: Lots
  readonly #folder: LabFolder

  constructor(parts: { engine: Engine; model: string; base: string; lots: Lots; folder: LabFolder }) {
    this.#engine = parts.engine
    this.#model = parts.model
    this.#base = parts.base
    this.#lots = parts.lots
    this.#folder = parts.folder
  }

  #nameOf(sibling: Sibling): string {
    const place = this.#lots.find(sibling)
    return place === null ? this.#base : `${place.lot}/${place.at}`
  }

  #adapterOf(sibling: Sibling): string | null {
    const place = this.#lots.find(sibling)
    return place === null ? null : join(this.#folder.lot(place.lot), String(place.at))
  }

  /** What each sibling answers, greedily: [sibling][question]. */
  async answers(siblings: readonly Sibling[], prompts: readonly string[]): Promise<Said[][]> {
    const out: Said[][] = []
    for (const sibling of siblings) {
      const of = { base: this.#base, greedy: maxTokens, sibling: this.#nameOf(sibling), prompts }
      out.push(await this.#folder.measured(of, () => this.#answer(sibling, prompts)))
    }
    return out
  }

  async #answer(sibling: Sibling, prompts: readonly string[]): Promise<Said[]> {
    const adapter = this.#adapterOf(sibling) ?? undefined
    const said = await Promise.all(
      prompts.map(
        content =>
          this.#engine.generate({
            model: this.#model,
            adapter,
            messages: [{ role: 'user', content }],
            settings: { maxTokens, temperature: 0, seed: 1 }
          }).result
      )
    )
    return said.map(({ text, ids }) => ({ text: text.trim(), ids }))
  }

  /** Tokens of right answers, end included, as held-out answers are weighed. */
  async tokensOf(pairs: readonly Pair[]): Promise<number[][]> {
    const encoded = await Promise.all(pairs.map(pair => this.#engine.encode(this.#model, rowOf(pair))))
    return encoded.map(({ answer }) => answer)
  }

  /** How likely each sibling finds answers, token by token. */
  async chances(
    siblings: readonly Sibling[],
    asked: readonly { readonly prompt: string; readonly ids: readonly number[] }[]
  ): Promise<Chances> {
    const names = siblings.map(sibling => this.#nameOf(sibling))
    const of = { base: this.#base, chances: names, asked: asked.map(({ prompt, ids }) => [prompt, [...ids]]) }
    return this.#folder.measured(of, async () => {
      const out: number[][][] = asked.map(() => [])
      for (let k = 0; k < siblings.length; k += siblingsAtOnce) {
        const adapters = siblings.slice(k, k + siblingsAtOnce).map(sibling => this.#adapterOf(sibling))
        for (let at = 0; at < asked.length; at += answersAtOnce) {
          const answers = asked.slice(at, at + answersAtOnce).map(({ prompt, ids }) => ({
            messages: [{ role: 'user' as const, content: prompt }],
            answerIds: [...ids]
          }))
          const scores = await this.#engine.scoreMany({ model: this.#model, adapters, answers })
          scores.forEach((score, i) => out[at + i]?.push(...score))
        }
      }
      return out
    })
  }

  /** Cosines of answers' gradients with rows', over a sibling's adapter: [answer][row]. */
  async gradients(sibling: Sibling, answers: readonly Pair[]): Promise<number[][]> {
    const adapter = this.#adapterOf(sibling)
    if (adapter === null) return answers.map(() => [])
    const of = { base: this.#base, gradients: this.#nameOf(sibling), answers: answers.map(one => Object.values(one)) }
    return this.#folder.measured(of, async () => {
      const rows = [...answers, ...sibling.rows].map(rowOf)
      const examples = await this.#engine.text.trainRows(this.#model, rows, { responseOnly: true, cutoff: 512 })
      const runtime = await resolveRuntime({ threads: 2, provider: 'cpu', precision: 'f32' })
      const { gradDot } = await rowGradients({ model: this.#model, adapter, rows: examples, runtime })
      const length = (i: number): number => Math.sqrt(gradDot[i]?.[i] ?? 0) || 1
      return answers.map((_, q) =>
        sibling.rows.map((_, r) => {
          const at = answers.length + r
          return (gradDot[q]?.[at] ?? 0) / (length(q) * length(at))
        })
      )
    })
  }
}
