import { InvalidError } from '../primitives/errors.ts'

/**
 * Parameters of a base up to which every linear layer may be trained itself. What is trained is delivered, kept and
 * scored once for each coalition, at four bytes a weight: at this size 120 MB each, where an adapter has one.
 */
export const mostFullParameters = 30_000_000

/** [reject] Full training is for small bases. @throws InvalidError `job.full-size` */
export function checkFullSize(parameters: number): void {
  if (parameters <= mostFullParameters) return
  const millions = (count: number): string => `${Math.ceil(count / 1e5) / 10} million`
  throw new InvalidError(
    'job.full-size',
    `full training is for bases of up to ${millions(mostFullParameters)} parameters, ` +
      `this one has ${millions(parameters)}`,
    { help: 'Take the method lora, or qlora for a large base, or a smaller base.' }
  )
}
