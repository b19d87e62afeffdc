import type { Engine } from '../types.ts'

// A trainer is a command of the node's owner that trains in place of the node's own engine: PEFT on several GPUs,
// LLaMA-Factory over several hosts. It gets each job as a folder, and leaves an adapter there as PEFT writes it.

export interface TrainerOptions {
  /** The program and its arguments; the job's folder is the last one. */
  readonly command: readonly string[]
  /** Longest time without a line of its output. */
  readonly silenceMs: number
}

export interface Trainer extends Pick<Engine, 'tune' | 'tuneSiblings'> {
  close(): void
}

/** `job.json` of a job's folder; all paths are absolute. */
export interface JobFile {
  readonly format: 1
  /** Folder of the base model, in Hugging Face form. */
  readonly base: string
  readonly method: 'lora' | 'qlora'
  /** PEFT folder to begin from: the engine's own beginning, from the job's seed, so that steps can be repeated. */
  readonly start: string
  /** A row a line: `ids`, `labels` (−100 is not learnt), and `messages` as they were given. */
  readonly rows: string
  /** `{rows, lr}`: the lines of `rows` that each step takes, and its learning rate. */
  readonly plan: string
  /** Where the PEFT folder is to be left. */
  readonly output: string
  /** A folder of the trainer's own, which is there again when the job goes on after a break. */
  readonly checkpoint: string
  readonly settings: {
    readonly rank: number
    readonly alpha: number
    readonly targets: readonly string[]
    readonly dropout: number
    readonly rslora: boolean
    readonly beta1: number
    readonly beta2: number
    readonly epsilon: number
    readonly weightDecay: number
    /** Largest global norm of a step's gradients; 0 = off. */
    readonly clip: number
    /** Decay of the mean of the iterates that is kept as the adapter; 0 keeps the last one. */
    readonly ema: number
    readonly seed: number
    readonly cutoff: number
    readonly epochs: number
    readonly batch: number
    readonly accumulation: number
    readonly schedule: 'cosine' | 'constant' | 'linear'
    readonly warmupRatio: number
    readonly lr: number
    readonly steps: number
  }
  /** Which of so many adapters of one lot this is: siblings are trained on the rows of a coalition each. */
  readonly coalition: { readonly number: number; readonly of: number }
}
