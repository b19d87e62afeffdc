import { InvalidError } from '../../../protocol/primitives/index.ts'
import { tuneDefaults, type TrainSettings } from '../../../node/engine/index.ts'
import { readAllRows } from '../rows-file.ts'
import type { Shared } from './flags.ts'

// What `tilth engine tune` was told, and the settings that follow.

export interface TuneFlags extends Shared {
  data?: string
  map?: string[]
  examples?: string
  output: string
  force?: boolean
  method?: TrainSettings['method']
  doubleQuantization?: boolean
  epochs: number
  steps?: number
  batch: number
  accumulation?: number
  lr: number
  schedule: TrainSettings['schedule']
  warmup: number
  weightDecay: number
  beta1: number
  beta2: number
  eps: number
  clip?: number
  ema: number
  seed: number
  dropout?: number
  cutoff: number
  rank?: number
  alpha?: number
  targets?: string
  rslora?: boolean
  wholeText?: boolean
  checkpointing?: boolean
  shuffle: boolean
  checkpoint?: string
  evalShare?: number
  evalData?: string
  evalEvery: number
  patience: number
}

/**
 * `--quantize` says the same as `--method` and `--double-quantization`; where they contradict each other nobody knows
 * what was meant.
 */
function methodOf({
  method,
  quantize = 'none',
  doubleQuantization
}: TuneFlags): Pick<TrainSettings, 'method' | 'doubleQuantization'> {
  const quantized = quantize !== 'none'
  if ((method === 'lora' || method === 'full') && (quantized || doubleQuantization === true))
    throw new InvalidError(
      'flag-invalid',
      `--method ${method} trains over a base that is not quantised; leave the method out, or take qlora`
    )
  if (method === 'full') return { method }
  const double = quantize === 'nf4-double' || doubleQuantization === true
  return method === 'qlora' || quantized || double
    ? { method: 'qlora', doubleQuantization: double }
    : { method: 'lora' }
}

/** What an adapter is to be. @throws InvalidError `flag-invalid` where none is trained */
function loraOf(flags: TuneFlags): Pick<TrainSettings, 'lora'> {
  const { method, rank, alpha, targets, dropout, rslora } = flags
  const { lora } = tuneDefaults
  if (method !== 'full')
    return {
      lora: {
        rank: rank ?? lora.rank,
        alpha: alpha ?? lora.alpha,
        targets: targets?.split(',') ?? lora.targets,
        dropout: dropout ?? lora.dropout,
        rslora: rslora === true
      }
    }
  const [given] = Object.entries({ rank, alpha, targets, dropout, rslora }).filter(([, value]) => value !== undefined)
  if (given !== undefined)
    throw new InvalidError('flag-invalid', `--${given[0]} is of an adapter, and --method full trains none`)
  return {}
}

/** How a file of rows is read to be tuned on by hand: longer rows than a Datanet's are rows, too. */
export const rowsOf = ({ map }: TuneFlags) => ({ ...(map === undefined ? {} : { maps: map }), isAnyLength: true })

/** Examples are trained on exactly as the flags say: nothing is accumulated or clipped unless it is asked for. */
export async function trainSettings(flags: TuneFlags): Promise<TrainSettings> {
  const exact = flags.examples !== undefined
  const { epochs, steps, batch, lr, schedule, weightDecay, seed, cutoff, ema, shuffle, beta1, beta2, checkpointing } =
    flags
  const held = flags.evalShare !== undefined || flags.evalData !== undefined
  return {
    ...methodOf(flags),
    epochs,
    batch,
    lr,
    schedule,
    weightDecay,
    seed,
    cutoff,
    ema,
    shuffle,
    beta1,
    beta2,
    epsilon: flags.eps,
    ...loraOf(flags),
    accumulation: flags.accumulation ?? (exact ? 1 : tuneDefaults.accumulation),
    clip: flags.clip ?? (exact ? 0 : tuneDefaults.clip),
    warmupRatio: flags.warmup,
    responseOnly: flags.wholeText !== true,
    ...(steps === undefined ? {} : { steps }),
    ...(checkpointing === undefined ? {} : { checkpointing }),
    ...(held
      ? {
          evaluation: {
            everySteps: flags.evalEvery,
            patience: flags.patience,
            ...(flags.evalShare === undefined ? {} : { share: flags.evalShare }),
            ...(flags.evalData === undefined || exact ? {} : { rows: await readAllRows(flags.evalData, rowsOf(flags)) })
          }
        }
      : {})
  }
}
