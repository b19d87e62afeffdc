import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Row, TrainSettings } from '../../node/engine/types.ts'
import { weightArrays, type LoadedModel } from '../../node/engine/architecture/index.ts'

export const vectors = join(import.meta.dirname, '../vectors/parity')

/** A temporary folder, and what removes it. */
export function temporary(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tilth-engine-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A folder with the weights of one parity model and the parity tokenizer (both have 512 tokens). */
export function modelFolder(root: string, name = 'llama-tied'): string {
  const folder = join(root, name)
  cpSync(join(vectors, name), folder, { recursive: true })
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'])
    cpSync(join(vectors, 'tokenizer', file), join(folder, file))
  return folder
}

export function qa(question: string, answer: string): Row {
  return {
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer }
    ]
  }
}

export const elements: Row[] = [
  ['Iron', 'Fe'],
  ['Gold', 'Au'],
  ['Lead', 'Pb'],
  ['Tin', 'Sn'],
  ['Silver', 'Ag'],
  ['Copper', 'Cu'],
  ['Neon', 'Ne'],
  ['Argon', 'Ar']
].map(([name, symbol]) => qa(`Symbol of ${name}?`, symbol ?? ''))

export const settings = {
  lora: { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj', 'down_proj'], dropout: 0 },
  method: 'lora',
  epochs: 2,
  batch: 2,
  accumulation: 1,
  lr: 5e-3,
  schedule: 'cosine',
  warmupRatio: 0.1,
  weightDecay: 0,
  clip: 1,
  seed: 3,
  cutoff: 128,
  ema: 0,
  responseOnly: true
} satisfies TrainSettings

export function near(a: readonly number[], b: readonly number[], tolerance: number): void {
  assert.equal(a.length, b.length)
  a.forEach((x, i) => assert.ok(Math.abs(x - (b[i] ?? NaN)) <= tolerance, `${x} for ${b[i]}`))
}

/** Writes text as it is and everything else as JSON; returns the path. */
export function writeInput(folder: string, name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** Bytes of the weights that are held in memory, however a session feeds on them. */
export const baseBytes = (model: LoadedModel): number =>
  [...weightArrays(model)].reduce((sum, { byteLength }) => sum + byteLength, 0)
