import { ModelError } from '../graph/errors.ts'
import type { ModelConfig } from './config.ts'

/** Sequences that go through a model at once. */
export interface PassShape {
  /** Sequences, those of all adapters. */
  readonly rows: number
  /** Their padded length. */
  readonly time: number
  /** Positions whose next token matters. */
  readonly targets: number
  /** Layers whose inside is kept for a backward pass: all, one, or none where there is none. */
  readonly kept: number
}

/** Bytes that a pass needs beside the weights, at the very least: attention scores, widths of layers, and the head. */
export function passBytes(c: ModelConfig, { rows, time, targets, kept }: PassShape): number {
  const layers = Math.max(1, kept)
  // Half of the scores lie above the diagonal; attention in parts does without most of them.
  const attention = (rows * c.heads * time * time) / 2
  const widths = rows * time * (2 * c.hidden + c.intermediate)
  return 4 * (time * time + layers * (attention + widths) + 2 * targets * c.vocabulary)
}

/**
 * Throws a ModelError where a pass cannot fit this machine's memory. Linux promises memory that it does not have, and
 * ends
 * the whole process when it is used: what is plainly too large is refused before it is asked for.
 */
export function demandMemory(c: ModelConfig, shape: PassShape): void {
  demandBytes(passBytes(c, shape), `${shape.rows} sequences of ${shape.time} tokens`, {
    help: 'Use shorter sequences, a smaller batch, gradient checkpointing, or a machine with more memory.'
  })
}

/** The same of whatever needs so many bytes. */
export function demandBytes(needed: number, what: string, { help }: { readonly help: string }): void {
  const free = process.availableMemory()
  if (needed <= free) return
  const giga = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
  throw new ModelError('engine-memory', `${what} need more than ${giga(needed)} of memory, ${giga(free)} are free`, {
    help,
    details: { needed, free }
  })
}
