import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Message, Network } from '../../../protocol/crypto/index.ts'
import type { AwardDocument, Lot, TuneJobDocument, TuneSpec } from '../../../protocol/jobs/index.ts'
import { contentHash } from '../../../protocol/primitives/index.ts'

// Good documents, to be spoilt one field at a time.

export const network: Network = { chainId: 31337, registry: `0x${'5f'.repeat(20)}` }
export const now = 1_800_000_000n
export const context = { network, now }
export const builderKey = new Uint8Array(32).fill(1)
export const workerKey = new Uint8Array(32).fill(2)
export const strangerKey = new Uint8Array(32).fill(3)
export const [builder, worker] = [addressOfKey(builderKey), addressOfKey(workerKey)]

export const spec: TuneSpec = {
  base: 'bafybeigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  datanet: `0x${'da'.repeat(32)}`,
  version: 1,
  manifest: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  coalitions: 12,
  settings: {
    method: 'lora',
    lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], dropout: 0 },
    epochs: 3,
    batch: 8,
    accumulation: 1,
    lr: 0.001,
    schedule: 'cosine',
    warmupRatio: 0.1,
    weightDecay: 0,
    clip: 1,
    seed: 7,
    cutoff: 128,
    ema: 0.97,
    responseOnly: true
  }
}

export function job(changes: Partial<Message<'TuneJob'>> = {}, key = builderKey): TuneJobDocument {
  const message = {
    builder,
    spec: contentHash(spec),
    budget: 1000n,
    createdAt: now - 10n,
    deadline: now + 600n,
    ...changes
  }
  return { statement: signStatement(network, 'TuneJob', message, key), spec }
}
export const jobId = digest(network, 'TuneJob', job().statement.message)

export const bid = (changes: Partial<Message<'Bid'>> = {}, key = workerKey) =>
  signStatement(
    network,
    'Bid',
    { job: jobId, worker, price: 100n, siblingPrice: 80n, seconds: 60, expires: now + 600n, ...changes },
    key
  )

export function award(
  changes: Partial<Message<'Award'>> = {},
  lot: Lot = { kind: 'adapter' },
  key = builderKey
): AwardDocument {
  return {
    statement: signStatement(
      network,
      'Award',
      { job: jobId, worker, attempt: 0, lot: contentHash(lot), price: 100n, deadline: now + 600n, ...changes },
      key
    ),
    lot
  }
}

export const content = { adapters: [spec.base], logs: [{ steps: 2, seconds: 3, tokens: 40, loss: [2, 1] }] }

export const delivery = (changes: Partial<Message<'Delivery'>> = {}, key = workerKey) =>
  signStatement(
    network,
    'Delivery',
    {
      job: jobId,
      worker,
      lot: contentHash({ kind: 'adapter' }),
      cid: spec.manifest,
      log: contentHash(content),
      ...changes
    },
    key
  )

export const closed = (changes: Partial<Message<'JobClosed'>> = {}, key = builderKey) =>
  signStatement(network, 'JobClosed', { job: jobId, completed: true, result: spec.manifest, ...changes }, key)
