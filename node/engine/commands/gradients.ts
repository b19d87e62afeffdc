import { adapterScale, readAdapter } from '../adapters/index.ts'
import { demandMemory, loadModel, type Quantization } from '../architecture/index.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import { checkRow, labelled, LoraGraph, memberState } from '../train/index.ts'
import type { TrainRow } from '../types.ts'

export interface GradientsRequest {
  readonly model: string
  readonly adapter: string
  readonly quantize?: Quantization | undefined
  readonly rows: readonly TrainRow[]
  readonly runtime: RuntimeOptions
}

/** Each row's loss, and the dot products of the rows' gradients over all adapter parameters. */
export async function rowGradients(request: GradientsRequest): Promise<{ loss: number[]; gradDot: number[][] }> {
  const model = loadModel(request.model, request.quantize)
  const adapter = readAdapter(request.adapter, model.config)
  request.rows.forEach((row, i) => checkRow(row, model.config, i))
  const graph = await LoraGraph.create(model, adapter.modules, adapter.rank, adapterScale(adapter), request.runtime)
  const state = memberState(adapter, 0, false)
  const loss: number[] = []
  const grads: Float32Array[][] = []
  for (const row of request.rows) {
    demandMemory(model.config, { rows: 1, time: row.ids.length, targets: labelled(row), kept: model.config.layers })
    const sums = new Map<number, Float32Array[]>()
    const unit = { member: 0, rows: [row], bins: [[row]], weight: 1 / Math.max(1, labelled(row)) }
    const result = await graph.run({ units: [unit], binsPerUnit: 1, time: row.ids.length }, [state], sums)
    loss.push(result.losses[0] ?? NaN)
    grads.push(sums.get(0) ?? [])
  }
  await graph.release()
  return { loss, gradDot: grads.map(a => grads.map(b => dot(a, b))) }
}

function dot(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let sum = 0
  a.forEach((part, i) => {
    const other = b[i]
    for (let j = 0; j < part.length; j++) sum += (part[j] ?? 0) * (other?.[j] ?? 0)
  })
  return sum
}
