import { InvalidError } from '../primitives/errors.ts'
import type { Hex } from '../primitives/hex.ts'
import type { DeliveryContent, TrainSettings } from './types.ts'
import { mostUntrained } from './untrained.ts'

// How long a training is: no job has a rule by which one ends before its last step, so that its length follows from
// rows and settings, and with it how many segments there are to be drawn.

type Length = Pick<TrainSettings, 'batch' | 'accumulation' | 'epochs'>

/** Optimizer steps of a training on so many rows: each epoch takes every row once. */
export const stepsOn = (rows: number, { batch, accumulation, epochs }: Length): number =>
  Math.ceil(rows / (batch * accumulation)) * Math.ceil(epochs)

/** A row of a version, as a delivery names it. */
export interface NamedRow {
  readonly contribution: Hex
  readonly index: number
}

/**
 * [reject] Each log has all the steps of its rows, but for those that the delivery says no base could learn: whoever
 * claims that a training ended early has stopped it.
 * @param rows of each adapter, in the lot's order
 * @throws InvalidError `delivery.steps`
 */
export function checkSteps(
  { logs, untrained = [] }: Pick<DeliveryContent, 'logs' | 'untrained'>,
  rows: readonly (readonly NamedRow[])[],
  settings: Length
): void {
  const left = new Set(untrained.map(({ contribution, row }) => `${contribution}/${row}`))
  for (const [i, own] of rows.entries()) {
    const steps = logs[i]?.steps ?? 0
    const kept = own.filter(({ contribution, index }) => !left.has(`${contribution}/${index}`)).length
    const most = stepsOn(kept, settings)
    // Of more rows than a delivery can name nobody knows how many were set aside.
    const least = untrained.length < mostUntrained ? most : 0
    if (steps > most || steps < least)
      throw new InvalidError(
        'delivery.steps',
        `a training of ${kept} rows has ${most} steps, its log ${steps}: none ends early`
      )
  }
}
