import { join } from 'node:path'
import { segmentEnds } from '../../../protocol/jobs/segments.ts'
import { ModelError } from '../graph/errors.ts'
import { readAll, writeSafetensors, type NamedTensor } from '../weights/safetensors.ts'
import type { MemberState } from './member.ts'
import type { Trained } from './optimizer.ts'

// Where one adapter stands between two steps: weights, moments and average, so that its training can be run again from
// there by somebody else. The file says nothing of time, of the machine, or of what was trained beside it: the same
// state is the same bytes.

/** The file of a state, in a training's folder. */
export const stateFile = (folder: string, adapter: number, step: number): string =>
  join(folder, `${adapter}-${step}.safetensors`)

/** What is kept of a tensor. The average stands there only where iterates are averaged. */
const parts = ['data', 'first', 'second', 'average'] as const
type Part = (typeof parts)[number]

/** A tensor's name without its place among adapters that are trained together. */
const nameOf = ({ name }: Trained): string => name.slice(name.indexOf('/') + 1)

export function writeState(file: string, { tensors }: MemberState): void {
  const all = tensors.flatMap(p =>
    parts.flatMap((part): NamedTensor[] => {
      const data = p[part]
      return data === undefined ? [] : [{ name: `${nameOf(p)}#${part}`, shape: p.shape, data }]
    })
  )
  writeSafetensors(file, all)
}

/** What one takes on disk, but for its header. */
export const bytesOfState = ({ tensors }: MemberState): number =>
  tensors.reduce((sum, p) => sum + parts.filter(part => p[part] !== undefined).length * 4 * p.data.length, 0)

/** What the states of one training may take on disk; a larger one commits to none. */
const mostStateBytes = 16 * 2 ** 30

/**
 * Whether a training commits to states.
 * @param steps of each of its adapters
 * @param bytes of one state
 */
export const statesFit = (steps: readonly number[], bytes: number): boolean =>
  steps.reduce((sum, own) => sum + segmentEnds(own).length, 0) * bytes <= mostStateBytes

/** A state as it was written, by tensor and part. */
export type State = ReadonlyMap<string, Float32Array>

/** Where an adapter in training stands now. */
export const stateOf = ({ tensors }: MemberState): State =>
  new Map(
    tensors.flatMap(p =>
      parts.flatMap((part): [string, Float32Array][] => {
        const data = p[part]
        return data === undefined ? [] : [[`${nameOf(p)}#${part}`, data.slice()]]
      })
    )
  )

/** @throws ModelError `state-mismatch` where it is not of such a training, or holds what is no number */
export function readState(file: string, { tensors }: MemberState): State {
  const unlike = (what: string): ModelError => new ModelError('state-mismatch', `${file} ${what}`)
  const stored = readAll(file)
  const state = new Map<string, Float32Array>()
  for (const p of tensors)
    for (const part of parts) {
      if (p[part] === undefined) continue
      const name = `${nameOf(p)}#${part}`
      const tensor = stored.get(name)
      if (tensor?.shape.join() !== p.shape.join()) throw unlike(`lacks ${name}`)
      if (!tensor.data.every(Number.isFinite)) throw unlike(`has no number in ${name}`)
      state.set(name, tensor.data)
    }
  if (stored.size !== state.size) throw unlike('holds more than such a training has')
  return state
}

/** Puts an adapter in training where a state says. */
export function enterState({ tensors }: MemberState, state: State): void {
  for (const p of tensors)
    for (const part of parts) {
      const data = state.get(`${nameOf(p)}#${part}`)
      if (data !== undefined) p[part]?.set(data)
    }
}

function norm(of: (i: number) => number, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += of(i) ** 2
  return sum
}

/** The length of what is given of all tensors together. */
function length(tensors: readonly Trained[], of: (p: Trained) => ((i: number) => number) | undefined): number {
  return Math.sqrt(
    tensors.reduce((sum, p) => {
      const value = of(p)
      return value === undefined ? sum : sum + norm(value, p.data.length)
    }, 0)
  )
}

/**
 * How far a committed state is from the one that the same steps lead to here, as a part of the way that those steps
 * went; the largest of weights and average, and of the moments as a part of themselves. Machines that round otherwise
 * come out near 0; weights from elsewhere do not. @param began the state that the steps began from
 */
export function distance(here: MemberState, began: State, committed: State): number {
  const { tensors } = here
  const at = (state: State, p: Trained, part: Part): Float32Array => state.get(`${nameOf(p)}#${part}`) ?? p.data
  const between = (part: Part) =>
    length(tensors, p => {
      const [own, theirs] = [p[part], at(committed, p, part)]
      return own === undefined ? undefined : i => (own[i] as number) - (theirs[i] as number)
    })
  const way = length(tensors, p => {
    const from = at(began, p, 'data')
    return i => (p.data[i] as number) - (from[i] as number)
  })
  // The average begins at nothing, so that its first way says nothing: then it is held against that of the weights.
  const averageWay = length(tensors, p => {
    const [own, from] = [p.average, at(began, p, 'average')]
    return own === undefined ? undefined : i => (own[i] as number) - (from[i] as number)
  })
  const relative = (gap: number, scale: number): number => (gap === 0 ? 0 : gap / Math.max(scale, Number.MIN_VALUE))
  const own = (part: 'first' | 'second'): number => length(tensors, p => i => p[part][i] as number)
  return Math.max(
    relative(between('data'), way),
    relative(between('average'), Math.min(way, averageWay)),
    relative(between('first'), own('first')),
    relative(between('second'), own('second'))
  )
}
