import { fewestCoalitions, mostCoalitions } from '../../../protocol/jobs/coalitions.ts'
import type { SettingsFile } from '../../../protocol/jobs/settings-file.ts'
import { trainSettings, tuneSpec } from '../../../protocol/jobs/types.ts'
import type { TrainSettings } from '../../../protocol/jobs/types.ts'

// Every number that a training can be given, each with a sentence of what it does and where it is safe.

/** A number of the settings, and the number of combinations that attribution measures beside them. */
export type NumberName =
  | 'rank'
  | 'alpha'
  | 'dropout'
  | 'epochs'
  | 'batch'
  | 'accumulation'
  | 'lr'
  | 'warmupRatio'
  | 'weightDecay'
  | 'clip'
  | 'seed'
  | 'cutoff'
  | 'ema'
  | 'coalitions'

export interface Hyperparameter {
  readonly name: NumberName
  readonly title: string
  readonly does: string
  readonly safe: string
  /** Where it is safe when the weights themselves are trained, if that is elsewhere. */
  readonly safeInFull?: string
}

export const hyperparameters: readonly Hyperparameter[] = [
  {
    name: 'epochs',
    title: 'Passes over the data',
    does: 'How often every row is seen; too few and nothing sticks, too many and rows are learnt by heart.',
    safe: '2 to 20, whole numbers'
  },
  {
    name: 'lr',
    title: 'Learning rate',
    does: 'How far each step moves; too high and the loss jumps up, too low and nothing is learnt in time.',
    safe: '0.0001 to 0.005, higher for smaller models',
    safeInFull: '0.00002 to 0.001, higher for smaller models'
  },
  {
    name: 'rank',
    title: 'Rank of the adapter',
    does: 'How much the adapter can hold: the width of what is added beside each weight.',
    safe: '8 to 64'
  },
  {
    name: 'alpha',
    title: 'Scale of the adapter',
    does: 'How loudly the adapter speaks over the base; usually twice the rank.',
    safe: 'once to twice the rank'
  },
  {
    name: 'batch',
    title: 'Rows a step',
    does: 'How many rows are looked at before anything is changed; more is steadier and gives fewer steps.',
    safe: '4 to 32'
  },
  {
    name: 'accumulation',
    title: 'Batches a step',
    does: 'Several batches counted as one step, for machines whose memory holds no larger batch.',
    safe: '1 to 8'
  },
  {
    name: 'cutoff',
    title: 'Longest row, in tokens',
    does: 'What is longer is cut off; a token is some four letters, and memory grows with this.',
    safe: 'a little above the longest row'
  },
  {
    name: 'warmupRatio',
    title: 'Warm-up',
    does: 'The part of all steps in which the learning rate rises from nothing, so that the first steps break nothing.',
    safe: '0 to 0.1'
  },
  {
    name: 'dropout',
    title: 'Dropout',
    does: 'The part of the adapter that is switched off at random in each step, against learning by heart.',
    safe: '0 to 0.1'
  },
  {
    name: 'weightDecay',
    title: 'Weight decay',
    does: 'Pulls each trained weight towards nothing a little in each step, against learning by heart.',
    safe: '0 to 0.1'
  },
  {
    name: 'clip',
    title: 'Gradient clipping',
    does: 'The longest step that one surprising batch may cause; 0 lets every step be as long as it likes.',
    safe: '0.5 to 2'
  },
  {
    name: 'ema',
    title: 'Averaging of the last steps',
    does: 'Keeps a running mean of what is trained instead of its last state; 0 keeps the last state.',
    safe: '0, or 0.9 to 0.99 where there are over a hundred steps'
  },
  {
    name: 'seed',
    title: 'Seed',
    does: 'Decides what is left to chance, such as the order of the rows: the same seed gives the same model.',
    safe: 'any whole number'
  },
  {
    name: 'coalitions',
    title: 'Combinations of contributors measured',
    does:
      'How many siblings, each trained without some of the rows, show what each contributor adds; ' +
      'more give steadier shares and cost more.',
    safe: `${fewestCoalitions} to ${mostCoalitions}`
  }
]

/** A setting by its name in the plan, for people. */
export const titleOf = (setting: string): string =>
  hyperparameters.find(({ name }) => name === setting)?.title ?? (setting === 'method' ? 'Method' : setting)

/** Numbers of an adapter; full training has none of them. */
type AdapterNumber = 'rank' | 'alpha' | 'dropout'
type Numbers = Readonly<Record<Exclude<NumberName, AdapterNumber>, number> & Partial<Record<AdapterNumber, number>>>

export const numbersOf = ({ lora, ...settings }: TrainSettings, coalitions: number): Numbers => ({
  ...(lora === undefined ? {} : { rank: lora.rank, alpha: lora.alpha, dropout: lora.dropout }),
  epochs: settings.epochs,
  batch: settings.batch,
  accumulation: settings.accumulation,
  lr: settings.lr,
  warmupRatio: settings.warmupRatio,
  weightDecay: settings.weightDecay,
  clip: settings.clip,
  seed: settings.seed,
  cutoff: settings.cutoff,
  ema: settings.ema,
  coalitions
})

const { lora, ...plain } = trainSettings.shape
const { rank, alpha, dropout } = lora.unwrap().shape
const schemas = {
  ...plain,
  rank,
  alpha,
  dropout,
  coalitions: tuneSpec.shape.coalitions
} as const

/** What is wrong with a typed number, in words; undefined when it is right. */
export function faultOf(name: NumberName, text: string): string | undefined {
  const value = Number(text.trim().replace(',', '.'))
  if (text.trim() === '' || !Number.isFinite(value)) return 'Give a number.'
  // The engine takes every row as often as the others.
  if (name === 'epochs' && !Number.isInteger(value)) return 'Passes are whole.'
  // Fewer or more than these are not measured, whatever a job says.
  if (name === 'coalitions' && value < fewestCoalitions) return `At least ${fewestCoalitions}.`
  if (name === 'coalitions' && value > mostCoalitions) return `At most ${mostCoalitions}.`
  const read = schemas[name].safeParse(value)
  if (read.success) return undefined
  const [issue] = read.error.issues
  if (issue?.code === 'too_big') return `At most ${String(issue.maximum)}.`
  if (issue?.code === 'too_small')
    return issue.inclusive === true ? `At least ${String(issue.minimum)}.` : `More than ${String(issue.minimum)}.`
  return 'Give a whole number.'
}

export const numberOf = (text: string): number => Number(text.trim().replace(',', '.'))

/** Settings with one number changed. */
export function withNumber(
  chosen: { readonly settings: TrainSettings; readonly coalitions: number },
  name: NumberName,
  value: number
): { settings: TrainSettings; coalitions: number } {
  const { settings, coalitions } = chosen
  if (name === 'coalitions') return { settings, coalitions: value }
  // The scale keeps its ratio to the rank, as the command line's --rank does.
  const beside = name === 'rank' ? { alpha: Math.min(1024, 2 * value) } : {}
  if (name !== 'rank' && name !== 'alpha' && name !== 'dropout')
    return { settings: { ...settings, [name]: value }, coalitions }
  const { lora } = settings
  return lora === undefined
    ? chosen
    : { settings: { ...settings, lora: { ...lora, ...beside, [name]: value } }, coalitions }
}

/**
 * Chosen settings under another method: an adapter's numbers and its learning rate mean nothing where none is trained,
 * and the other way round.
 */
export function withMethod({ lora, lr, ...rest }: SettingsFile, method: TrainSettings['method']): SettingsFile {
  const isKept = (rest.method === 'full') === (method === 'full')
  return {
    ...rest,
    method,
    ...(isKept && lora !== undefined ? { lora } : {}),
    ...(isKept && lr !== undefined ? { lr } : {})
  }
}
