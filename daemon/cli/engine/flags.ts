import { InvalidArgumentError, Option, type Command } from 'commander'
import { cpus } from 'node:os'
import {
  precisions,
  providerRequests,
  resolveRuntime,
  type Precision,
  type ProviderRequest,
  type Quantization
} from '../../../node/engine/index.ts'

// What the commands of `tilth engine` have in common: where to compute, which model, how numbers are read.

interface Runtime {
  threads: string
  provider: ProviderRequest
  precision?: Precision
}
export interface Shared extends Runtime {
  model: string
  adapter?: string
  quantize?: Quantization
  json?: boolean
}

export const number =
  (name: string) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value))
      throw new InvalidArgumentError(`--${name} takes a number, not ${text}`)
    return value
  }
export const whole =
  (name: string) =>
  (text: string): number => {
    const value = number(name)(text)
    if (!Number.isInteger(value) || value < 0)
      throw new InvalidArgumentError(`--${name} takes a whole number, not ${text}`)
    return value
  }
export const truth =
  (name: string) =>
  (text: string): boolean => {
    if (text !== 'true' && text !== 'false')
      throw new InvalidArgumentError(`--${name} takes true or false, not ${text}`)
    return text === 'true'
  }

export const runtime = (flags: Runtime) =>
  resolveRuntime({ threads: whole('threads')(flags.threads), provider: flags.provider, precision: flags.precision })
/** Where gradients matter, float16 is used only when it is asked for. */
export const exactRuntime = (flags: Runtime) => runtime({ ...flags, precision: flags.precision ?? 'f32' })
export const print = (value: unknown): void => console.log(JSON.stringify(value))

/** Options that say where to compute. */
export function placed(cmd: Command): Command {
  return cmd
    .addOption(
      new Option('--provider <name>', 'where to compute; auto takes a GPU if one can be used')
        .choices([...providerRequests])
        .default('auto')
    )
    .addOption(
      new Option('--precision <kind>', 'of products with frozen weights; f16 on GPUs only').choices([...precisions])
    )
}

/** The same, and on how many threads. */
export function computing(cmd: Command): Command {
  return placed(cmd.option('--threads <n>', 'threads of one operation', String(Math.min(2, cpus().length))))
}

export function shared(cmd: Command, quantizations = ['none', 'nf4', 'nf4-double', 'int4']): Command {
  return computing(
    cmd
      .requiredOption('--model <dir>', 'Hugging Face folder of the model')
      .option('--adapter <dir>', 'PEFT folder of an adapter')
      .addOption(new Option('--quantize <kind>', 'weights in memory').choices(quantizations).default('none'))
  )
}
