import type { GenerateSettings } from '../types.ts'
import { Random } from '../weights/random.ts'

/**
 * The next token. `position` is the token's index in the answer: the random number depends on seed and position alone,
 * so an answer is the same whatever else is in the batch, and when it is taken up again elsewhere.
 */
export function nextToken(logits: Float32Array, settings: GenerateSettings, position: number, seen: readonly number[]): number {
  const penalty = settings.repetitionPenalty ?? 1
  const scores = penalty === 1 ? logits : penalised(logits, seen, penalty)
  if (settings.temperature <= 0) return argmax(scores)
  const candidates = likeliest(scores, settings)
  return draw(candidates, new Random(settings.seed, 0x5a0000, position).uniform())
}

export function argmax(scores: Float32Array): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i
  return best
}

interface Candidate { readonly id: number; readonly p: number }

/** Keskar et al. 2019: the scores of tokens that occurred are divided, or multiplied where negative. */
function penalised(logits: Float32Array, seen: readonly number[], penalty: number): Float32Array {
  const scores = logits.slice()
  for (const id of new Set(seen)) {
    const x = scores[id] ?? 0
    scores[id] = x > 0 ? x / penalty : x * penalty
  }
  return scores
}

/** What temperature, top-k, top-p and min-p leave, most likely first, with probabilities that need not sum to 1. */
function likeliest(scores: Float32Array, settings: GenerateSettings): Candidate[] {
  const top = scores[argmax(scores)] ?? 0
  const all: Candidate[] = []
  let sum = 0
  for (let id = 0; id < scores.length; id++) {
    const p = Math.exp(((scores[id] as number) - top) / settings.temperature)
    sum += p
    if (p > 1e-9) all.push({ id, p })
  }
  all.sort((a, b) => b.p - a.p || a.id - b.id)
  const few = settings.topK !== undefined && settings.topK > 0 ? all.slice(0, settings.topK) : all
  const likely = settings.minP === undefined ? few : few.filter(({ p }) => p >= (settings.minP ?? 0))
  if (settings.topP === undefined || settings.topP >= 1) return likely
  if (few.length < all.length) sum = few.reduce((n, { p }) => n + p, 0)
  let reached = 0
  const end = likely.findIndex(({ p }) => (reached += p) >= (settings.topP ?? 1) * sum)
  return end === -1 ? likely : likely.slice(0, end + 1)
}

function draw(candidates: readonly Candidate[], uniform: number): number {
  let rest = uniform * candidates.reduce((n, { p }) => n + p, 0)
  for (const { id, p } of candidates) {
    rest -= p
    if (rest < 0) return id
  }
  return candidates.at(-1)?.id ?? 0
}
