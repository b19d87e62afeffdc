import { coalitionCount, exhaustivePlayers, mostCoalitions } from './coalitions.ts'
import { loraTargets } from './types.ts'
import type { TrainSettings } from './types.ts'

/** What is known of base and data when settings are recommended. */
export interface TuneFacts {
  /** Parameters of the base, and the positions it can see. */
  readonly parameters: number
  readonly context: number
  readonly rows: number
  /** Characters of all rows, and of the longest. */
  readonly characters: number
  readonly longest: number
  /** Contributors with rows of their own. */
  readonly players: number
  /** The method, where it is chosen already. */
  readonly method?: TrainSettings['method'] | undefined
}

export interface Recommended {
  readonly settings: TrainSettings
  readonly coalitions: number
  /** One line for each choice. */
  readonly why: readonly { readonly setting: string; readonly value: string; readonly why: string }[]
}

/** Optimizer steps below which an adapter seldom learns facts, and passes beyond which it learns rows by heart. */
const leastSteps = 250
const mostEpochs = 20
/** How much further a step of the same rate goes in the weights themselves than in an adapter beside them. */
const fullerSteps = 5
/** Characters of a token, taken low: what is cut off is lost, and a longer cutoff costs only memory. */
const charactersPerToken = 2.5
/** Tokens that a chat template adds to a row. */
const templateTokens = 24
/** From here a base is trained in 4 bits, so that it fits the GPUs that people have. */
const quantizedFrom = 3e9

/** The first value whose bound is not reached. */
function stepOf<T>(value: number, steps: readonly (readonly [number, T])[], last: T): T {
  return steps.find(([below]) => value < below)?.[1] ?? last
}

const millions = (count: number): string => `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} million`

/** Tokens of a text, for people: no tokenizer is asked. */
export const tokensAbout = (characters: number): number => Math.ceil(characters / 4)

/**
 * Settings for a tune by what is plain of base and data. Rules of thumb, each with its reason: held-out loss is
 * what decides, and any of them can be replaced. Learning rates follow LoRA practice (an order of magnitude above full
 * tuning, more for small bases: Hu et al. 2021, Schulman et al. 2025), epochs a floor of optimizer steps.
 */
export function recommendTune(facts: TuneFacts): Recommended {
  const { parameters, context, rows, longest, players, method: chosen } = facts
  const why: { setting: string; value: string; why: string }[] = []
  const say = <T>(setting: string, value: T, reason: string): T => {
    why.push({ setting, value: String(value), why: reason })
    return value
  }
  const method =
    chosen ??
    say(
      'method',
      parameters >= quantizedFrom ? ('qlora' as const) : ('lora' as const),
      parameters >= quantizedFrom
        ? `a base of ${millions(parameters)} parameters fits common GPUs in 4 bits`
        : `a base of ${millions(parameters)} parameters fits as it is`
    )
  const batch = say(
    'batch',
    stepOf(
      rows,
      [
        [64, 4],
        [200, 8],
        [20_000, 16]
      ],
      32
    ),
    `${rows} rows: fewer rows want smaller batches, or there are too few steps`
  )
  const perEpoch = Math.max(1, Math.ceil(rows / batch))
  const epochs = say(
    'epochs',
    Math.min(mostEpochs, Math.max(2, Math.ceil(leastSteps / perEpoch))),
    `${perEpoch} steps an epoch; about ${leastSteps} steps in all are needed to learn facts`
  )
  const isFull = method === 'full'
  const rank = isFull
    ? undefined
    : say(
        'rank',
        stepOf(
          rows,
          [
            [50, 8],
            [5_000, 16],
            [50_000, 32]
          ],
          64
        ),
        `${rows} rows hold no more than an adapter of this rank can keep`
      )
  const adapterRate = stepOf(
    parameters,
    [
      [5e7, 5e-3],
      [5e8, 1e-3],
      [3e9, 3e-4]
    ],
    2e-4
  )
  const lr = say(
    'lr',
    isFull ? adapterRate / fullerSteps : adapterRate,
    isFull
      ? `the weights themselves take a fifth of an adapter's rate`
      : `small bases take higher rates; this one has ${millions(parameters)} parameters`
  )
  const longestTokens = Math.ceil(longest / charactersPerToken) + templateTokens
  const cutoff = say(
    'cutoff',
    Math.min(context, 131_072, Math.max(64, 2 ** Math.ceil(Math.log2(longestTokens)))),
    `the longest row has ${longest} characters, some ${longestTokens} tokens at most; the base sees ${context}`
  )
  const steps = perEpoch * epochs
  const ema = say(
    'ema',
    steps >= 100 && steps <= 2_000 ? 0.97 : 0,
    steps >= 100 && steps <= 2_000
      ? `the mean of the last of ${steps} steps is steadier than the last one`
      : `${steps} steps: the last one is as good as a mean`
  )
  const coalitions = say(
    'coalitions',
    coalitionCount(players, mostCoalitions),
    players <= exhaustivePlayers
      ? `${players} contributors: all combinations are measured, so their shares are exact`
      : `${players} contributors: halves of them, drawn in pairs; fewer cost less, and shares are less steady`
  )
  return {
    settings: {
      method,
      ...(rank === undefined ? {} : { lora: { rank, alpha: 2 * rank, targets: [...loraTargets], dropout: 0 } }),
      epochs,
      batch,
      accumulation: 1,
      lr,
      schedule: 'cosine',
      warmupRatio: 0.05,
      weightDecay: 0,
      clip: 1,
      seed: 1,
      cutoff,
      ema,
      responseOnly: true
    },
    coalitions,
    why
  }
}
