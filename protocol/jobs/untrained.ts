import { z } from 'zod'
import { bytes32 } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'

// Rows that a Datanet has accepted and a job's base cannot learn. Acceptance knows no base, so this is a rule of the
// job: every worker reads the same rows with the same base and settings, and sets the same ones aside. The others are
// trained on.

/** Why, with the sentence for whoever brought the row. */
const reasons = {
  'too-long':
    'what stands before its last answer is as long as the job lets a row be, so nothing of it would be learnt',
  'template-refuses': "the base model's chat template refuses its turns",
  'answer-lost': "the base model's chat template does not show its last answer",
  'no-tokens': "the base model's tokens cannot say its text"
} as const
export type UntrainedCode = keyof typeof reasons
export const untrainedCodes = Object.keys(reasons) as [UntrainedCode, ...UntrainedCode[]]

export const untrainedInWords = (code: UntrainedCode): string => reasons[code]

/** An accepted row that a job did not train on, by its contribution and its index in the shard. */
export const untrained = z.strictObject({
  contribution: bytes32,
  row: z.int().min(0),
  code: z.enum(untrainedCodes)
})
export type Untrained = Readonly<z.infer<typeof untrained>>

/** Rows that a delivery names one by one. */
export const mostUntrained = 10_000

/** A job's rows that were not trained on, by whose they are; in the order of the version. */
export function untrainedOf(
  rows: readonly { readonly contribution: Hex; readonly index: number }[],
  setAside: readonly { readonly row: number; readonly code: UntrainedCode }[]
): Untrained[] {
  return setAside
    .toSorted((a, b) => a.row - b.row)
    .slice(0, mostUntrained)
    .flatMap(({ row, code }) => {
      const of = rows[row]
      return of === undefined ? [] : [{ contribution: of.contribution, row: of.index, code }]
    })
}
