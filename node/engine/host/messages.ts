import { TilthError, type Consequence } from '../../../protocol/primitives/errors.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import type {
  EncodedRow,
  EngineStatus,
  GeneratedToken,
  GenerateJob,
  GenerateResult,
  HeldOutJob,
  ModelInfo,
  Row,
  ScoreManyJob,
  SiblingsJob,
  TrainProgress,
  TuneJob,
  TuneResult
} from '../types.ts'

/** What crosses between the main thread and a worker: per call the argument, the events on the way, and the result. */
export interface Calls {
  open: { argument: string; event: never; result: ModelInfo }
  tune: { argument: Plain<TuneJob>; event: TrainProgress; result: TuneResult }
  tuneSiblings: { argument: Plain<SiblingsJob>; event: TrainProgress; result: TuneResult[] }
  generate: { argument: Plain<GenerateJob>; event: GeneratedToken; result: GenerateResult }
  scoreMany: { argument: ScoreManyJob; event: never; result: number[][] }
  heldOutLoss: { argument: HeldOutJob; event: never; result: number }
  encode: { argument: { readonly model: string; readonly row: Row }; event: never; result: EncodedRow }
  decode: { argument: { readonly model: string; readonly ids: readonly number[] }; event: never; result: string }
  unload: { argument: string; event: never; result: void }
  status: { argument: undefined; event: never; result: EngineStatus }
}

/** Adapters that stay in memory; further ones push out the one used longest ago. */
export const adaptersKept = 64

export type CallName = keyof Calls

/** A job without what cannot be cloned into another thread. */
export type Plain<T> = Omit<T, 'signal' | 'onProgress'>

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
  | { readonly kind: 'event'; readonly id: number; readonly event: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError }

export interface WorkerOptions extends RuntimeOptions {
  /** Answers come from weights of 8 or 4 bits where kernels serve them. Scores and training never do. */
  readonly quantize?: 'none' | 'int8' | 'int4' | undefined
}

export interface PlainError {
  readonly code: string
  readonly message: string
  readonly help?: string | undefined
  readonly consequence: Consequence
  readonly details: Record<string, unknown>
  readonly causes: readonly string[]
}

/** An error as data: code, message and the messages of its causes. */
export function toPlain(error: unknown): PlainError {
  const causes: string[] = []
  for (
    let at: unknown = error instanceof Error ? error.cause : undefined;
    at instanceof Error && causes.length < 5;
    at = at.cause
  )
    causes.push(at.message)
  if (error instanceof TilthError) {
    const { code, message, help, consequence, details } = error
    return { code, message, help, consequence, details, causes }
  }
  const message = error instanceof Error ? error.message : String(error)
  const memory = /alloc|memory|invalid (typed )?array (buffer )?length/i.test(message)
  return {
    code: memory ? 'engine-memory' : 'engine-failed',
    message: memory ? `the engine ran out of memory: ${message}` : message,
    help: memory ? 'Use shorter sequences, a smaller batch, or a machine with more memory.' : undefined,
    consequence: 'retry',
    details: {},
    causes
  }
}

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
