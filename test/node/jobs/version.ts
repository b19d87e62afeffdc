import { createContexts } from '../../../node/jobs/index.ts'
import type { OwnedRow, Versions } from '../../../node/jobs/index.ts'
import type { TrainSettings } from '../../../protocol/jobs/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

// A version of a few rows, and how a model is trained on it: what jobs are tested on, over networks and by simulation.

export const settings: TrainSettings = {
  method: 'lora',
  lora: { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'], dropout: 0 },
  epochs: 2,
  batch: 4,
  accumulation: 1,
  lr: 0.01,
  schedule: 'constant',
  warmupRatio: 0,
  weightDecay: 0,
  clip: 1,
  seed: 7,
  cutoff: 64,
  ema: 0,
  responseOnly: true
}

/** Three players with six, four and two rows. */
export const players: Address[] = [1, 2, 3].map((n): Address => `0x${`${n}${n}`.repeat(20)}`)
export const rows: OwnedRow[] = [0, 0, 1, 0, 1, 2, 0, 1, 0, 0, 2, 1].map((owner, i) => ({
  contributor: players[owner]!,
  contribution: keccak(`contribution of ${owner}`),
  index: i,
  row: {
    messages: [
      { role: 'user', content: `What is thing ${i}?` },
      { role: 'assistant', content: `Thing ${i} is a thing of kind ${owner}.` }
    ]
  }
}))
export const versions: Versions = {
  rows: async () => rows,
  remaining: async () => rows,
  requireSome: async () => undefined,
  owners: async () => rows.map(({ contributor }) => contributor),
  heldOut: async () => rows.slice(0, 3).map(({ row }) => row),
  leastDataShare: async () => 1000,
  requireQuotable: async () => undefined,
  context: createContexts(async () => rows),
  auditedSegments: async () => 0,
  keptBack: async () => null
}
