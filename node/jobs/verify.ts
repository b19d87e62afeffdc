import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkDeliveryContent, coalitionsOf, deliveryContent, rowsOf } from '../../protocol/jobs/index.ts'
import type { DeliveryContent, JobRecord, LotState } from '../../protocol/jobs/index.ts'
import type { Signed } from '../../protocol/crypto/index.ts'
import { decodeFrame } from '../../protocol/wire/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Bases } from './bases.ts'
import type { JobsDeps } from './deps.ts'
import { maxAdapterBytes, maxContentBytes } from './limits.ts'
import { checkAdapterFolder } from './peft.ts'

/** Rows of its own coalition that a sibling is measured on: enough to see that it has learnt them. */
const siblingSample = 32

export interface Verified {
  readonly content: DeliveryContent
  /** For the adapter's lot; null for siblings. */
  readonly heldOut: { readonly base: number; readonly tuned: number } | null
}

/**
 * The builder's acceptance: it fetches what was delivered and measures it with its own engine.
 * @throws InvalidError `delivery.*`, `adapter.*` when it is to be rejected; anything else may go through later
 */
export async function verifyDelivery(deps: JobsDeps, bases: Bases, id: Hex, record: JobRecord, lot: Extract<LotState, { state: 'delivered' }>, random: () => number, signal: AbortSignal): Promise<Verified> {
  const { document } = record
  const { worker } = lot.award.statement.message
  const content = await fetchContent(deps, lot.delivery, worker, signal)
  checkDeliveryContent(content, lot.delivery.message, lot.lot)
  const model = await bases(document.spec.base, document.statement.message.builder, signal)
  const scratch = join(deps.folder, 'verify', lot.award.statement.message.lot)
  try {
    for (const [i, cid] of content.adapters.entries()) {
      await deps.files.fetchDirectory(cid, join(scratch, `${i}`), { maxBytes: maxAdapterBytes, providers: [worker], signal })
      checkAdapterFolder(join(scratch, `${i}`), model, document.spec.settings)
    }
    await deps.engine.open(model)
    if (lot.lot.kind === 'adapter') return { content, heldOut: await measureAdapter(deps, record, model, join(scratch, '0'), signal) }
    const pick = Math.min(content.adapters.length - 1, Math.floor(random() * content.adapters.length))
    await measureSibling(deps, id, record, model, join(scratch, `${pick}`), lot.lot.coalitions[pick] ?? 0, signal)
    return { content, heldOut: null }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function fetchContent(deps: JobsDeps, { message }: Signed<'Delivery'>, worker: Address, signal: AbortSignal): Promise<DeliveryContent> {
  const bytes = await deps.files.fetchBytes(message.cid, { maxBytes: maxContentBytes, providers: [worker], signal })
  return decodeFrame(bytes, deliveryContent, maxContentBytes)
}

/** [reject] The deployed adapter makes the held-out answers likelier than the base model does. */
async function measureAdapter(deps: JobsDeps, record: JobRecord, model: string, adapter: string, signal: AbortSignal): Promise<{ base: number; tuned: number }> {
  const rows = await deps.versions.heldOut(record.document.spec, { signal })
  const base = record.heldOut?.base ?? await deps.engine.heldOutLoss({ model, rows })
  const tuned = await deps.engine.heldOutLoss({ model, adapter, rows })
  if (!(tuned < base)) throw new InvalidError('delivery.loss', `the tuned model's held-out loss of ${tuned} is not below the base model's ${base}`)
  return { base, tuned }
}

/** [reject] A sibling has learnt the rows of its own coalition, whatever they are worth: it says them more readily than the base model. */
async function measureSibling(deps: JobsDeps, id: Hex, record: JobRecord, model: string, adapter: string, index: number, signal: AbortSignal): Promise<void> {
  if (record.state.state !== 'running') return
  const { players } = record.state
  const owned = await deps.versions.rows(record.document.spec, { signal })
  const coalition = coalitionsOf(id, players.length, record.document.spec.coalitions)[index] ?? 0n
  const indices = rowsOf(coalition, players, owned.map(({ contributor }) => contributor))
  const stride = Math.max(1, Math.floor(indices.length / siblingSample))
  const rows = indices.filter((_, i) => i % stride === 0).slice(0, siblingSample).flatMap(at => owned[at]?.row ?? [])
  const base = await deps.engine.heldOutLoss({ model, rows })
  const tuned = await deps.engine.heldOutLoss({ model, adapter, rows })
  // A handful of steps, most of them warm-up, may not show yet.
  const { batch, accumulation, epochs } = record.document.spec.settings
  const few = Math.ceil(indices.length / (batch * accumulation)) * epochs < 10
  if (!(tuned < base || (few && tuned <= base + 0.01))) throw new InvalidError('delivery.sibling', `sibling ${index} has not learnt its own rows: loss ${tuned}, of the base model ${base}`)
}
