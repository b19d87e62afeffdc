import { ModelError } from '../graph/errors.ts'
import type { GenerateSettings, ReplayedToken, TokenChance } from '../types.ts'
import { Random } from '../weights/random.ts'

/** What each number of the settings may be; those left out are not looked at. */
const limits: readonly {
  readonly key: keyof GenerateSettings
  readonly says: string
  readonly holds: (x: number) => boolean
}[] = [
  { key: 'maxTokens', says: 'a whole number, 0 or more', holds: x => Number.isInteger(x) && x >= 0 },
  { key: 'temperature', says: 'a number, 0 or more', holds: x => x >= 0 && x < Infinity },
  { key: 'topK', says: 'a whole number, 0 or more', holds: x => Number.isInteger(x) && x >= 0 },
  { key: 'topP', says: 'a number from 0 to 1', holds: x => x >= 0 && x <= 1 },
  { key: 'minP', says: 'a number from 0 to 1', holds: x => x >= 0 && x <= 1 },
  { key: 'repetitionPenalty', says: 'a number above 0', holds: x => x > 0 && x < Infinity },
  { key: 'seed', says: 'a whole number', holds: x => Number.isSafeInteger(x) },
  { key: 'logprobs', says: 'a whole number, 0 or more', holds: x => Number.isInteger(x) && x >= 0 }
]

/** Throws a ModelError that names the first setting that means nothing. */
export function checkSettings(settings: GenerateSettings): void {
  for (const { key, says, holds } of limits) {
    const value = settings[key]
    if (value === undefined && key !== 'maxTokens' && key !== 'temperature' && key !== 'seed') continue
    if (typeof value !== 'number' || !holds(value))
      throw new ModelError('generate-settings', `${key} must be ${says}, not ${String(value)}`)
  }
}

/**
 * The next token. `position` is the token's index in the answer: what is drawn depends on seed and position alone, so
 * an answer is the same whatever else is in the batch, and when it is taken up again elsewhere. Throws a ModelError
 * where the model's scores are no numbers.
 *
 * It is drawn by a race (Gumbel-max): each token has a time of its own, exponential by seed, position and id, over its
 * probability, and the first one wins. So another machine, whose scores differ in their last bits, draws another token
 * only where two come in almost together, and how far apart they are is a measure: `replayed`.
 */
export function nextToken(
  logits: Float32Array,
  settings: GenerateSettings,
  position: number,
  seen: readonly number[]
): number {
  const scores = scoresOf(logits, settings, seen)
  const best = argmax(scores)
  if (settings.temperature <= 0) return best
  return winner(likeliest(scores, scores[best] as number, settings), uniformsAt(settings.seed, position)).id
}

/** As far behind in scores, and as unlikely, as a token is said to be at most. */
export const furthestBehind = 100

/**
 * What a token that was given elsewhere says of the weights it comes from. `lag`: how far it lies behind the one that
 * is drawn here, in natural logarithms, 0 for that one itself: what the scores would have to differ by, over the
 * temperature, for it to have been drawn; where the answer is greedy, the difference of scores.
 */
export function replayed(
  logits: Float32Array,
  settings: GenerateSettings,
  position: number,
  seen: readonly number[],
  token: number
): ReplayedToken {
  const scores = scoresOf(logits, settings, seen)
  const best = argmax(scores)
  const bounded = (x: number): number => Math.min(furthestBehind, Math.max(0, x))
  const below = (scores[best] as number) - (scores[token] ?? Number.NEGATIVE_INFINITY)
  if (settings.temperature <= 0) return { lag: bounded(below), surprise: 0, expected: 0, variance: 0, apart: 0 }
  const candidates = likeliest(scores, scores[best] as number, settings)
  const uniform = uniformsAt(settings.seed, position)
  // In logarithms: where it is cold a token's chance is less than any number above zero, and still so much and no more.
  const rarity = below / settings.temperature
  const first = winner(candidates, uniform)
  const late = token === first.id ? 0 : Math.log(-Math.log(uniform(token))) + rarity - Math.log(first.at)
  // What top-k, top-p or min-p leave out lies behind by as much as it is less likely than whatever they leave, too.
  const least = candidates.reduce((lowest, { p }) => Math.min(lowest, p), 1)
  const isLeft = !isLimited(settings) || candidates.some(({ id }) => id === token)
  const lag = isLeft ? late : Math.max(0, late) + Math.max(0, Math.log(least) + rarity)
  const most = Math.min(Number.MAX_VALUE, furthestBehind / Math.min(1, settings.temperature))
  return { lag: Math.min(most, Math.max(0, lag)), ...surpriseOf(candidates, rarity, bounded) }
}

const isLimited = ({ topK = 0, topP = 1, minP = 0 }: GenerateSettings): boolean => topK > 0 || topP < 1 || minP > 0

/** How unlikely a token so rare beside the likeliest is among candidates, and how unlikely the drawn one is to be. */
function surpriseOf(
  candidates: readonly Candidate[],
  rarity: number,
  bounded: (x: number) => number
): Omit<ReplayedToken, 'lag'> {
  const total = Math.log(candidates.reduce((sum, { p }) => sum + p, 0))
  let [expected, squares, same] = [0, 0, 0]
  for (const { p } of candidates) {
    const surprise = total - Math.log(p)
    const share = Math.exp(-surprise)
    expected += share * surprise
    squares += share * surprise ** 2
    same += share ** 2
  }
  const variance = Math.max(0, squares - expected ** 2)
  return { surprise: bounded(total + rarity), expected, variance, apart: Math.max(0, 1 - same) }
}

const scoresOf = (
  logits: Float32Array,
  { repetitionPenalty: penalty = 1 }: GenerateSettings,
  seen: readonly number[]
) => (penalty === 1 ? logits : penalised(logits, seen, penalty))

/** What of (0, 1) each token of a place has: Philox gives the place two words, a mix of them and the id the rest. */
function uniformsAt(seed: number, position: number): (id: number) => number {
  const random = new Random(seed, 0x5a0000, 4 * position)
  const [first, second] = [random.uint32(), random.uint32()]
  return id => {
    // Two rounds of lowbias32 (Wellons 2018), each under a word of the key.
    let x = Math.imul(id, 0x9e3779b1) ^ first
    for (const word of [second, first]) {
      x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
      x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
      x = x ^ (x >>> 15) ^ word
    }
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    return (((x ^ (x >>> 15)) >>> 0) + 0.5) / 2 ** 32
  }
}

const timeOf = ({ p }: Candidate, u: number): number => -Math.log(u) / p

/** Who comes in first, and when; of two at once the earlier candidate. */
function winner(candidates: readonly Candidate[], uniform: (id: number) => number): { id: number; at: number } {
  let first = { id: 0, at: Number.POSITIVE_INFINITY }
  for (const candidate of candidates) {
    const u = uniform(candidate.id)
    // −ln u is 1 − u at least: most need no logarithm to be known as late.
    if (1 - u >= first.at * candidate.p) continue
    const at = timeOf(candidate, u)
    if (at < first.at) first = { id: candidate.id, at }
  }
  return first
}

/** The lowest index of the largest score. Throws a ModelError where a score is NaN, or none is finite. */
export function argmax(scores: Float32Array): number {
  let best = 0
  let top = scores[0] as number
  let sound = true
  for (let i = 0; i < scores.length; i++) {
    const x = scores[i] as number
    if (x > top) {
      best = i
      top = x
    } else if (x !== x) sound = false // of all numbers only NaN is not itself: the quickest test in a loop this hot
  }
  if (!sound || !Number.isFinite(top))
    throw new ModelError('logits-invalid', 'the model scored a token with something that is no number', {
      help: 'Its weights, or those of the adapter, are damaged.'
    })
  return best
}

/**
 * Log-probabilities (natural, in float64) of a chosen token and of the `count` likeliest ones, most likely first. They
 * are
 * the model's own: before temperature, penalty and limits.
 */
export function chances(
  logits: Float32Array,
  chosen: number,
  count: number
): TokenChance & { readonly top: readonly TokenChance[] } {
  const largest = logits[argmax(logits)] as number
  let sum = 0
  for (const x of logits) sum += Math.exp(x - largest)
  const total = largest + Math.log(sum)
  const chance = (id: number): TokenChance => ({ id, logprob: (logits[id] as number) - total })
  return { ...chance(chosen), top: largestIndices(logits, count).map(chance) }
}

/** Indices of the `count` largest scores in falling order, the lower index first where two are equal. */
function largestIndices(scores: Float32Array, count: number): number[] {
  const kept: number[] = []
  if (count === 0) return kept
  const before = (a: number, b: number): boolean => (scores[a] as number) > (scores[b] as number)
  for (let id = 0; id < scores.length; id++) {
    if (kept.length === count && !before(id, kept[count - 1] as number)) continue
    let at = kept.length
    while (at > 0 && before(id, kept[at - 1] as number)) at--
    kept.splice(at, 0, id)
    if (kept.length > count) kept.pop()
  }
  return kept
}

interface Candidate {
  readonly id: number
  readonly p: number
}

/** Keskar et al. 2019: the scores of tokens that occurred are divided, or multiplied where negative. */
function penalised(logits: Float32Array, seen: readonly number[], penalty: number): Float32Array {
  const scores = logits.slice()
  for (const id of new Set(seen)) {
    const x = scores[id] ?? 0
    scores[id] = x > 0 ? x / penalty : x * penalty
  }
  return scores
}

/**
 * What temperature, top-k, top-p and min-p leave, with probabilities that need not sum to 1: in falling order where one
 * of them asks for it, else as the vocabulary has them.
 */
function likeliest(scores: Float32Array, top: number, settings: GenerateSettings): Candidate[] {
  const { temperature, topK = 0, topP = 1, minP = 0 } = settings
  const all: Candidate[] = []
  let sum = 0
  for (let id = 0; id < scores.length; id++) {
    const p = Math.exp(((scores[id] as number) - top) / temperature)
    sum += p
    if (p > 1e-9) all.push({ id, p })
  }
  if (topK === 0 && topP >= 1) return minP === 0 ? all : all.filter(({ p }) => p >= minP)
  const most = topK > 0 ? Math.min(topK, all.length) : all.length
  const next = inFallingOrder(all)
  const few: Candidate[] = []
  if (most < all.length) {
    while (few.length < most) few.push(next())
    sum = few.reduce((n, { p }) => n + p, 0)
  }
  const likely: Candidate[] = []
  for (let reached = 0; likely.length < most;) {
    const candidate = few[likely.length] ?? next()
    if (candidate.p < minP) break
    likely.push(candidate)
    reached += candidate.p
    if (reached >= topP * sum) break
  }
  return likely
}

/**
 * One candidate after another, most likely first, the lower id where two are equal: a heap, since few are asked for.
 */
function inFallingOrder(candidates: readonly Candidate[]): () => Candidate {
  const heap = [...candidates]
  const before = (a: Candidate, b: Candidate): boolean => a.p > b.p || (a.p === b.p && a.id < b.id)
  const sink = (from: number): void => {
    const sinking = heap[from] as Candidate
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Candidate, heap[child] as Candidate)) child++
      if (before(sinking, heap[child] as Candidate)) break
      heap[at] = heap[child] as Candidate
      at = child
    }
    heap[at] = sinking
  }
  for (let i = heap.length >> 1; i >= 0; i--) if (i < heap.length) sink(i)
  return () => {
    const first = heap[0] as Candidate
    const last = heap.pop() as Candidate
    if (heap.length > 0) {
      heap[0] = last
      sink(0)
    }
    return first
  }
}
