import type { Provider } from '../graph/provider.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import {
  measureBatch,
  measureDecode,
  measurePrefill,
  measureSiblings,
  measureTrain,
  type Throughput
} from './measure.ts'
import type { ShapeName } from './shapes.ts'

export { shapes, type ShapeName } from './shapes.ts'

export const parts = ['train', 'prefill', 'decode', 'batch8', 'siblings'] as const
export type Part = (typeof parts)[number]

export interface BenchRequest {
  readonly shape: ShapeName
  /** Thread counts to try; the better is kept for each figure. */
  readonly threads: readonly number[]
  readonly only?: Part | undefined
  readonly batch?: number | undefined
  readonly seq?: number | undefined
  /** Where to compute: the CPU in float32 unless said otherwise. */
  readonly runtime?: Pick<RuntimeOptions, 'provider' | 'precision'> | undefined
  onPart?(part: Part, threads: number): void
}

export interface BenchResult {
  readonly shape: ShapeName
  readonly provider: Provider
  /** Which thread count was better, per figure. */
  readonly threads: Partial<Record<Part, number>>
  readonly train?: Throughput & { readonly batch: number; readonly seq: number; readonly peakRssMb: number }
  readonly prefill?: Throughput & { readonly tokens: number }
  readonly decode?: Throughput
  readonly batch8?: { readonly sameAdapter: Throughput; readonly differentAdapters: Throughput }
  readonly siblings?: {
    readonly together: number
    readonly apart: number
    readonly scoreAll: number
    readonly forwardOne: number
  }
}

/** Runs the measurements one after another. Each part alone in a process (`only`) keeps peaks of memory apart. */
export async function bench(request: BenchRequest): Promise<BenchResult> {
  const { shape } = request
  const best = new Map<Part, { threads: number; score: number; value: unknown }>()
  const measures: Record<Part, (threads: number) => Promise<{ score: number; value: unknown }>> = {
    train: async threads =>
      scored(
        await measureTrain(shape, { ...request.runtime, threads }, request.batch ?? 2, request.seq ?? 512),
        v => v.tokensPerSecond
      ),
    prefill: async threads =>
      scored(await measurePrefill(shape, { ...request.runtime, threads }), v => v.tokensPerSecond),
    decode: async threads =>
      scored(await measureDecode(shape, { ...request.runtime, threads }), v => v.tokensPerSecond),
    batch8: async threads =>
      scored(await measureBatch(shape, { ...request.runtime, threads }), v => v.sameAdapter.tokensPerSecond),
    siblings: async threads =>
      scored(await measureSiblings(shape, { ...request.runtime, threads }), v => 1 / v.together)
  }
  for (const part of request.only === undefined ? parts : [request.only]) {
    for (const threads of request.threads) {
      request.onPart?.(part, threads)
      const { score, value } = await measures[part](threads)
      if (score > (best.get(part)?.score ?? -Infinity)) best.set(part, { threads, score, value })
    }
  }
  const chosen = Object.fromEntries([...best].map(([part, { threads }]) => [part, threads]))
  return {
    shape,
    provider: request.runtime?.provider ?? 'cpu',
    threads: chosen,
    ...Object.fromEntries([...best].map(([part, { value }]) => [part, value]))
  }
}

function scored<T>(value: T, score: (value: T) => number): { score: number; value: T } {
  return { score: score(value), value }
}
