import { existsSync } from 'node:fs'
import { ModelError } from '../graph/errors.ts'
import { readAll, readMetadata, writeSafetensors, type NamedTensor } from '../weights/safetensors.ts'
import type { EvaluationResult } from '../types.ts'
import type { Trained } from './optimizer.ts'

/**
 * The whole state of a run: iterates, moments, averages, and what happened so far. A safetensors file, replaced in one
 * rename. `identity` names the job; a checkpoint of another job is refused.
 */
export interface RunState {
  readonly step: number
  readonly losses: readonly number[]
  readonly seconds: number
  readonly tokens: number
  /** Per adapter, where several are trained. */
  readonly members?: {
    readonly losses: number[][]
    readonly tokens: number[]
    readonly evaluations?: EvaluationResult[][] | undefined
  }
}

export function saveCheckpoint(file: string, identity: string, parameters: readonly Trained[], state: RunState): void {
  const tensors: NamedTensor[] = parameters.flatMap(p => {
    const parts: [string, Float32Array | undefined][] = [
      ['data', p.data],
      ['first', p.first],
      ['second', p.second],
      ['average', p.average],
      ['best', p.best]
    ]
    return parts.flatMap(([part, data]) =>
      data === undefined ? [] : [{ name: `${p.name}#${part}`, shape: p.shape, data }]
    )
  })
  writeSafetensors(file, tensors, 'F32', { identity, state: JSON.stringify(state) })
}

/** Restores the parameters in place; undefined where there is no checkpoint yet. */
export function restoreCheckpoint(
  file: string,
  identity: string,
  parameters: readonly Trained[]
): RunState | undefined {
  if (!existsSync(file)) return undefined
  const metadata = readMetadata(file)
  if (metadata['identity'] !== identity || metadata['state'] === undefined) {
    throw new ModelError('checkpoint-mismatch', `${file} is the checkpoint of another run`, {
      help: 'Remove it, or give another checkpoint file.'
    })
  }
  const tensors = readAll(file)
  for (const p of parameters) {
    const parts = { data: p.data, first: p.first, second: p.second, average: p.average, best: p.best }
    for (const [part, target] of Object.entries(parts)) {
      if (target === undefined) continue
      const stored = tensors.get(`${p.name}#${part}`)
      if (stored === undefined || stored.data.length !== target.length)
        throw new ModelError('checkpoint-mismatch', `${file} lacks ${part} of ${p.name}`)
      target.set(stored.data)
    }
  }
  return JSON.parse(metadata['state']) as RunState
}
