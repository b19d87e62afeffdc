import type { CosignedReceipt, InferenceContent, Replayed } from '../models/index.ts'
import { servedBy } from '../models/index.ts'
import { fromHex, keccak } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'

// Whether a worker's drawn answers are by other weights than it offered: what a drawn scorer says under its stake. It
// may let a clever cheat go, and must not hit an honest worker, whoever asks it whatever: clients choose prompts,
// temperature and seed, and may be out for its stake.

/**
 * A token is foreign where the offered weights score it so much lower than the one that they choose: in natural
 * logarithms, whatever the temperature. An honest worker's token lies behind by no more than its scores are off by,
 * the one too low and the other too high; who asks can do nothing about that.
 */
export const foreignScore = 2
/** Of an honest worker's tokens no more than this share is foreign. */
const honestShare = 1 / 100
/** An honest worker is called another's once in so many judged epochs, by one scorer; of whom it takes most. */
export const foundOutOneIn = 1e12
/** So many scorers have to say so at least (`ServingBonds.LEAST`). */
const leastFinders = 3
/** So many of a panel have to say so (`ServingBonds.accuse`): where fewer may, nobody needs to look. */
export const findersOf = (seats: number): number => Math.max(leastFinders, Math.floor((seats * 2) / 3) + 1)
/** Less says nothing. */
export const leastJudged = { answers: 8, tokens: 48 } as const
/** Foreign tokens stand in one of so many answers at least: what is odd about a few accuses nobody. */
const tellingOneIn = 4

/** An answer, said again in the offered weights' own words. */
export interface SaidAgain {
  readonly temperature: number
  readonly told: readonly Replayed[]
}

export interface Judged {
  readonly answers: number
  readonly tokens: number
  readonly foreign: number
  /** Answers with a foreign token. */
  readonly telling: number
  /** How likely an honest worker has so many, at most. */
  readonly chance: number
  readonly foundOut: boolean
}

/**
 * Whether an answer can be said again by others to the same effect: top-k and top-p leave other tokens where a
 * probability is off by little, forms and rows are read by each version of the software and each heard-of take-down its
 * own way, and what another worker began is not this one's alone.
 */
export const isJudged = ({ topK, topP, form, context, resume }: InferenceContent): boolean =>
  topK === 0 && topP === 1 && form === undefined && context === undefined && resume.length === 0

/** In scores; what could not be said any more, after an end, says nothing of weights. */
const behind = ({ lag }: Replayed, temperature: number): number =>
  Number.isFinite(lag) ? lag * (temperature > 0 ? temperature : 1) : 0

/** Chernoff: no honest worker has `count` of `all` foreign more often than this. */
function chanceOf(count: number, all: number): number {
  const share = all === 0 ? 0 : count / all
  if (share <= honestShare) return 1
  const rest = share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - honestShare))
  return Math.exp(-all * (share * Math.log(share / honestShare) + rest))
}

const isRedrawn = (told: readonly Replayed[]): boolean => servedBy(told).verdict === 'redrawn'

/** Answers of one worker by one model, in any order. */
export function judgeAnswers(answers: readonly SaidAgain[]): Judged {
  const drawn = answers.filter(({ temperature }) => temperature > 0)
  // What another engine has drawn, by numbers of its own, accuses nobody: each by itself, and all together.
  const allRedrawn = isRedrawn(drawn.flatMap(({ told }) => told))
  const judged = answers.filter(
    ({ temperature, told }) => told.length > 0 && (temperature === 0 || (!allRedrawn && !isRedrawn(told)))
  )
  const counts = judged.map(
    ({ temperature, told }) => told.filter(one => behind(one, temperature) > foreignScore).length
  )
  const tokens = judged.reduce((sum, { told }) => sum + told.length, 0)
  const foreign = counts.reduce((sum, count) => sum + count, 0)
  const telling = counts.filter(count => count > 0).length
  const chance = chanceOf(foreign, tokens)
  const isEnough = judged.length >= leastJudged.answers && tokens >= leastJudged.tokens
  const foundOut = isEnough && telling * tellingOneIn >= judged.length && chance < 1 / foundOutOneIn
  return { answers: judged.length, tokens, foreign, telling, chance, foundOut }
}

/** What everybody speaks of who speaks of a worker's answers in a round: all that were drawn, in any order. */
export const drawnSubject = (receipts: readonly Hex[]): Hex =>
  keccak(
    fromHex(
      `0x${receipts
        .toSorted()
        .map(id => id.slice(2))
        .join('')}`
    )
  )

/** A worker's drawn answers by one model; places are those of receipts. */
export interface DrawnAnswers {
  readonly worker: Address
  readonly model: Hex
  readonly places: readonly number[]
}

/** What was drawn, by worker and model. */
export function drawnAnswers(
  receipts: readonly CosignedReceipt[],
  scorers: readonly (readonly Address[])[]
): DrawnAnswers[] {
  const drawn = receipts.flatMap(({ worker, receipt }, at) =>
    (scorers[at]?.length ?? 0) === 0 ? [] : [{ worker, model: receipt.message.model, at }]
  )
  return [...Map.groupBy(drawn, ({ worker, model }) => `${worker} ${model}`).values()].flatMap(group => {
    const [first] = group
    return first === undefined ? [] : [{ worker: first.worker, model: first.model, places: group.map(({ at }) => at) }]
  })
}
