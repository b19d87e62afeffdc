import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Network } from '../../../protocol/crypto/index.ts'
import type { JobResult, Lot, TrainingLog } from '../../../protocol/jobs/index.ts'
import { canonicalJson, contentHash } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { coin } from '../../harness/index.ts'
import type { Account } from '../../harness/index.ts'

let jobs = 0
type Product = Pick<JobResult, 'spec' | 'draw' | 'players' | 'coalitions' | 'adapters'>
interface JobParties {
  readonly network: Network
  readonly builder: Account
  readonly trainer: { readonly key: Uint8Array; readonly address: Address }
  readonly files: Pick<PayoutsDeps['files'], 'addBytes'>
}

/** A job as it would have gone: signed, awarded to one worker, paid by escrow as far as said, delivered. */
export async function trainedResult(
  { network, builder, trainer, files }: JobParties,
  product: Product,
  money: 'none' | 'funded' | 'released' = 'released',
  /** Of each adapter, by its place: how it was trained, and the states that were committed to. */
  trained: readonly { readonly log: TrainingLog; readonly states?: readonly string[] }[] = []
): Promise<JobResult> {
  const deadline = (await builder.chain.head()).timestamp + 86_400n
  const { spec, adapters } = product
  const message = {
    builder: builder.address,
    spec: contentHash(spec),
    budget: coin,
    createdAt: BigInt(++jobs),
    deadline
  }
  const statement = signStatement(network, 'TuneJob', message, builder.key)
  const job = digest(network, 'TuneJob', message)
  const lots: JobResult['lots'] = []
  const log = { steps: 0, seconds: 1, tokens: 1, loss: [] }
  const last = adapters.length - 1
  const siblings = Array.from({ length: last - 1 }, (_, i) => i + 1)
  const planned: Lot[] = [{ kind: 'adapter' }]
  if (siblings.length > 0) planned.push({ kind: 'siblings', coalitions: siblings })
  for (const lot of planned) {
    const key = { job, lot: contentHash(lot), worker: trainer.address, attempt: 0 }
    if (money !== 'none') {
      const { escrow } = await builder.chain.escrows.fund(key, 1n, deadline)
      if (money === 'released') await builder.chain.escrows.release(escrow)
    }
    const places = lot.kind === 'adapter' ? [last] : lot.coalitions
    const states = places.flatMap(index => (trained[index]?.states === undefined ? [] : [trained[index].states]))
    const content = {
      adapters: places.map(index => adapters[index] ?? ''),
      logs: places.map(index => trained[index]?.log ?? log),
      ...(states.length === 0 ? {} : { states })
    }
    const cid = await files.addBytes(new TextEncoder().encode(canonicalJson(content)))
    const delivery = { job, worker: trainer.address, lot: key.lot, cid, log: contentHash(content) }
    lots.push({
      award: { statement: signStatement(network, 'Award', { ...key, price: 1n, deadline }, builder.key), lot },
      delivery: signStatement(network, 'Delivery', delivery, trainer.key)
    })
  }
  return { ...product, job, statement, lots }
}
