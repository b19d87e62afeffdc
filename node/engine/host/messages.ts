import { TilthError } from '../../../protocol/primitives/errors.ts'
import { toPlain as plainOf, type PlainError } from '../../runtime/sandbox/plain-error.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import type { Packed } from './packed.ts'
import type {
  EngineStatus,
  GeneratedToken,
  GenerateJob,
  GenerateResult,
  HeldOutJob,
  ModelInfo,
  ModelNeeds,
  PartJob,
  PartResult,
  ScoreManyJob,
  SiblingsJob,
  TrainProgress,
  TrainRow,
  TuneJob,
  TuneResult
} from '../types.ts'

/** What crosses between the main thread and a worker: per call the argument, the events on the way, and the result. */
export interface Calls {
  open: { argument: string; event: never; result: ModelInfo }
  inspect: { argument: string; event: never; result: ModelNeeds }
  tune: { argument: Crossing<TuneTokens>; event: TrainProgress; result: TuneResult }
  tuneSiblings: { argument: Crossing<SiblingsTokens>; event: TrainProgress; result: TuneResult[] }
  runPart: { argument: Crossing<PartTokens>; event: TrainProgress; result: PartResult }
  generate: { argument: GenerateTokens; event: GeneratedToken; result: GenerateResult }
  scoreMany: {
    argument: Omit<ScoreTokens, 'answers'> & { readonly answers: Packed<'prompt' | 'answer'> }
    event: never
    result: number[][][]
  }
  heldOutLoss: {
    argument: Omit<HeldOutTokens, 'rows'> & { readonly rows: Packed<'prompt' | 'answer'> }
    event: never
    result: number
  }
  decode: { argument: { readonly model: string; readonly ids: readonly number[] }; event: never; result: string }
  unload: { argument: string; event: never; result: void }
  status: { argument: undefined; event: never; result: EngineStatus }
}

/** Adapters that stay in memory; further ones push out the one used longest ago. */
export const adaptersKept = 64
/** Bytes of them: what was fully trained is as large as its base. */
export const adapterBytesKept = 2 * 2 ** 30
/** … and what was not asked for so long leaves: a training has many siblings, which are scored once. */
export const adapterIdleMs = 300_000
/** Fully trained models that stay ready to answer. */
export const wholeKept = 4

export type CallName = keyof Calls

// Jobs as tokens, without what cannot be cloned into another thread: where sessions run no template does.

type Plain<T> = Omit<T, 'signal' | 'onProgress'>
export interface GenerateTokens extends Plain<Omit<GenerateJob, 'messages' | 'prompt' | 'promptIds' | 'day'>> {
  readonly prompt: readonly number[]
}
/** A prompt and its answer. */
export type TokenRow = Readonly<Record<'prompt' | 'answer', ArrayLike<number>>>
export interface ScoreTokens extends Omit<ScoreManyJob, 'answers'> {
  readonly answers: readonly TokenRow[]
}
export interface HeldOutTokens extends Omit<HeldOutJob, 'rows'> {
  readonly rows: readonly TokenRow[]
}
export interface TrainTokens {
  readonly rows: readonly TrainRow[]
  /** Rows to evaluate on, where the settings give some. */
  readonly held?: readonly TrainRow[] | undefined
}
export type TuneTokens = Plain<Omit<TuneJob, 'rows'>> & TrainTokens
export type PartTokens = Plain<Omit<PartJob, 'rows'>> & TrainTokens
export type SiblingsTokens = Plain<Omit<SiblingsJob, 'rows'>> & TrainTokens

/** A job on its way into a thread. */
export type Crossing<T extends TrainTokens> = Omit<T, keyof TrainTokens> & {
  readonly rows: Packed<'ids' | 'labels'>
  readonly held: Packed<'ids' | 'labels'> | undefined
}

export type ToWorker =
  | {
      [K in CallName]: {
        readonly kind: 'call'
        readonly id: number
        readonly name: K
        readonly argument: Calls[K]['argument']
      }
    }[CallName]
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' }

export type FromWorker =
  | { readonly kind: 'events'; readonly id: number; readonly events: readonly unknown[] }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError }

export interface WorkerOptions extends RuntimeOptions {
  /** Answers come from weights of 8 or 4 bits where kernels serve them. Scores and training never do. */
  readonly quantize?: 'none' | 'int8' | 'int4' | undefined
  /** Bytes that fully trained siblings may take side by side while they are trained. */
  readonly togetherBytes?: number | undefined
}

/** An error as data; one without a code is the engine's own. */
export const toPlain = (error: unknown): PlainError =>
  plainOf(error, message =>
    /alloc|memory|invalid (typed )?array (buffer )?length/i.test(message)
      ? {
          code: 'engine-memory',
          message: `the engine ran out of memory: ${message}`,
          help: 'Use shorter sequences, a smaller batch, or a machine with more memory.'
        }
      : { code: 'engine-failed', message }
  )

export class EngineError extends TilthError {
  constructor(plain: PlainError) {
    const cause = plain.causes.length === 0 ? undefined : new TilthError(plain.code, plain.causes.join(': '))
    super(plain.code, plain.message, {
      consequence: plain.consequence,
      details: plain.details,
      cause,
      ...(plain.help === undefined ? {} : { help: plain.help })
    })
  }
}
