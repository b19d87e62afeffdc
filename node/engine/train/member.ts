import type { Trained } from './optimizer.ts'
import type { Pass } from './passes.ts'

/** One adapter in training: its tensors, with their moments, in the order in which its graph has their gradients. */
export interface MemberState {
  readonly tensors: readonly Trained[]
}

/** What is kept beside a tensor and its moments. */
export interface Keeping {
  readonly averaged: boolean
  readonly keepsBest: boolean
}

/** Gradients of one adapter, in the order of its tensors, summed over the passes of a step. */
export type MemberGradients = Float32Array[]

export interface PassResult {
  /** Σ weight · nll of each unit. */
  readonly losses: readonly number[]
}

/** Loss and gradients of several adapters of a kind over one base. */
export interface TrainingGraph<T> {
  /** An adapter in training, from where it starts. */
  begin(start: T, member: number, keeping: Keeping): MemberState
  /** The adapter that it has become, by what is taken of each tensor. */
  finish(start: T, state: MemberState, take: (tensor: Trained) => Float32Array): T
  /** Runs a pass and adds each unit's gradients to `sums[member]`. `step` seeds the dropout, where there is any. */
  run(
    pass: Pass,
    members: readonly MemberState[],
    sums: Map<number, MemberGradients>,
    step?: number
  ): Promise<PassResult>
  release(): Promise<void>
}

/** Adds a unit's gradients to those of its member; the first become the sum. */
export function addGradients(sums: Map<number, MemberGradients>, member: number, parts: MemberGradients): void {
  const known = sums.get(member)
  if (known === undefined) {
    sums.set(member, parts)
    return
  }
  known.forEach((sum, i) => {
    const part = parts[i] as Float32Array
    for (let j = 0; j < sum.length; j++) sum[j] = (sum[j] as number) + (part[j] as number)
  })
}
