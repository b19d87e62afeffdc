import { existsSync } from 'node:fs'
import { z } from 'zod'
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

const count = z.int().min(0)
/** JSON has no NaN: it comes back as null. */
const loss = z
  .number()
  .nullable()
  .transform(value => value ?? NaN)
const evaluation = z.object({ step: count, loss })
const runState: z.ZodType<RunState> = z.object({
  step: count,
  losses: z.array(loss),
  seconds: z.number().min(0),
  tokens: count,
  members: z
    .object({
      losses: z.array(z.array(loss)),
      tokens: z.array(count),
      evaluations: z.array(z.array(evaluation)).optional()
    })
    .optional()
})

const unlike = (file: string, what: string, cause?: unknown): ModelError =>
  new ModelError('checkpoint-mismatch', `${file} ${what}`, {
    cause,
    help: 'Remove it, or give another checkpoint file.'
  })

/** What a checkpoint says of its run. @throws ModelError `checkpoint-mismatch` */
function stateIn(file: string, text: string): RunState {
  try {
    return runState.parse(JSON.parse(text))
  } catch (cause) {
    throw unlike(file, 'does not say how far its run was: it is damaged', cause)
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
  if (metadata['identity'] !== identity || metadata['state'] === undefined)
    throw unlike(file, 'is the checkpoint of another run')
  const state = stateIn(file, metadata['state'])
  const tensors = readAll(file)
  for (const p of parameters) {
    const parts = { data: p.data, first: p.first, second: p.second, average: p.average, best: p.best }
    for (const [part, target] of Object.entries(parts)) {
      if (target === undefined) continue
      const stored = tensors.get(`${p.name}#${part}`)
      if (stored === undefined || stored.data.length !== target.length) throw unlike(file, `lacks ${part} of ${p.name}`)
      target.set(stored.data)
    }
  }
  return state
}
