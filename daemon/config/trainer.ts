import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { TrainerOptions } from '../../node/engine/trainer/types.ts'

/** A command of the owner's that trains, such as a script with PEFT under torchrun. */
export const trainerConfig = z.strictObject({
  /** The program and its arguments, without a shell; the job's folder is put behind them. */
  command: z
    .array(z.string().min(1).max(4096))
    .min(1)
    .max(64)
    // The daemon may be started from anywhere, and a job's folder is where the command runs.
    .refine(([program = '']) => isAbsolute(program) || !program.includes('/'), {
      error: 'must begin with an absolute path, or a name that is found in PATH'
    }),
  /** Longest time without a line of its output. */
  silenceSeconds: z.int().min(1).max(86_400).default(1_800)
})
export type TrainerConfig = z.infer<typeof trainerConfig>

export const trainerOptions = ({ command, silenceSeconds }: TrainerConfig): TrainerOptions => ({
  command,
  silenceMs: silenceSeconds * 1000
})
