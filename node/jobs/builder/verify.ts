import { auditId } from '../../../protocol/contracts/index.ts'
import {
  checkDeliveryContent,
  checkSteps,
  coalitionsOf,
  deliveryContent,
  rowsOf,
  stepsOn
} from '../../../protocol/jobs/index.ts'
import type { DeliveryContent, JobRecord, Lot, LotState, TrainingLog } from '../../../protocol/jobs/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import { InvalidError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Lease } from '../../shelf/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { JobsDeps } from '../deps.ts'
import type { Desk } from './desk.ts'
import { maxContentBytes } from '../limits.ts'
import { openDelivered } from './delivered.ts'

/** Rows of its own that an adapter is measured on: enough to see that it has learnt them. */
const ownSample = 32

export interface Verified {
  readonly content: DeliveryContent
  /** For the adapter's lot; null for siblings. */
  readonly heldOut: { readonly base: number; readonly tuned: number } | null
}

/**
 * The builder's acceptance: it fetches what was delivered and measures it with its own engine.
 * @throws InvalidError `delivery.*`, `adapter.*` when it is to be rejected; anything else may go through later
 */
export async function verifyDelivery(
  { deps, random, signal, states, seen }: Desk,
  id: Hex,
  record: JobRecord,
  lot: Extract<LotState, { state: 'delivered' }>
): Promise<Verified> {
  const { document } = record
  const { builder } = document.statement.message
  const { worker } = lot.award.statement.message
  const content = await fetchContent(deps, lot.delivery, worker, signal)
  checkDeliveryContent(content, lot.delivery.message, lot.lot)
  const isAudited = (await deps.versions.auditedSegments(document.spec.datanet)) > 0
  if (isAudited) {
    // [reject] Where models are audited a worker commits to the states of its trainings: nobody could run them again.
    if (content.states === undefined)
      throw new InvalidError('delivery.states', 'the delivery commits to no states of its trainings, which are audited')
    await requireAllSteps(deps, id, record, lot.lot, content, signal)
  }
  // Nothing is measured twice while only the questions are waited for.
  const name = `${lot.escrow}/${lot.delivery.message.log}`
  const isSeen = seen.get(name) !== undefined
  if (isSeen && lot.lot.kind === 'adapter') await deps.versions.heldOut(document.spec, { signal })
  const base = await deps.shelf.take(document.spec.base, { kind: 'base', from: [builder], cause: 'owner', signal })
  const model = base.folder
  const adapters: Lease[] = []
  const delivered = (deps.delivered ?? openDelivered)(model, document.spec.settings)
  const over = new AbortController()
  // [retry] A worker that has been paid may go: what auditors will ask for is here before it is. Most of that is
  // waiting, and what was delivered is looked at meanwhile.
  const { deadline } = lot.award.statement.message
  const of = { worker, audit: auditId(builder, id), deadline, signal: anySignal([signal, over.signal]) }
  const fetching = isAudited ? states.fetch(`${sequenceKey(deadline)}/${lot.escrow}`, content, of) : Promise.resolve()
  // A failure is met where it is awaited, or is nobody's any more.
  fetching.catch(() => undefined)
  try {
    for (const cid of content.adapters) {
      const lease = await deps.shelf.take(cid, { kind: 'adapter', from: [worker], cause: 'owner', signal })
      adapters.push(lease)
      await delivered.check(lease.folder)
    }
    await deps.engine.open(model)
    const at =
      lot.lot.kind === 'adapter'
        ? 0
        : Math.min(content.adapters.length - 1, Math.floor(random() * content.adapters.length))
    const adapter = adapters[at]?.folder ?? ''
    // Nor while its states are: on its own rows it is what it was at the last try.
    const measured = `${name}/own`
    if (!isSeen && seen.get(measured) === undefined) {
      await measureOwnRows(
        deps,
        id,
        record,
        model,
        adapter,
        lot.lot.kind === 'adapter' ? 'all' : (lot.lot.coalitions[at] ?? 0),
        content.logs[at],
        signal
      )
      seen.set(measured, true)
    }
    await fetching
    seen.set(name, true)
    // Last: what fails here alone is work that was done as it was asked for, and is paid for.
    // [retry] So is what waits here for questions that judge its version and are not opened yet, once the time to
    // decide is over: all else of it was looked at before.
    const heldOut = lot.lot.kind === 'adapter' ? await measureHeldOut(deps, record, model, adapter, signal) : null
    return { content, heldOut }
  } finally {
    over.abort()
    delivered.close()
    for (const lease of [base, ...adapters]) lease.release()
    // What this try notes of states, or takes back, is written before another one begins.
    await fetching.catch(() => undefined)
  }
}

async function fetchContent(
  deps: JobsDeps,
  { message }: Signed<'Delivery'>,
  worker: Address,
  signal: AbortSignal
): Promise<DeliveryContent> {
  const bytes = await deps.files.fetchBytes(message.cid, { maxBytes: maxContentBytes, providers: [worker], signal })
  return decodeFrame(bytes, deliveryContent, maxContentBytes)
}

/** Before its states are fetched: of a training that was cut there are fewer of them, which nobody draws. */
async function requireAllSteps(
  { versions }: Pick<JobsDeps, 'versions'>,
  id: Hex,
  { document: { spec }, state }: JobRecord,
  lot: Lot,
  content: DeliveryContent,
  signal: AbortSignal
): Promise<void> {
  if (state.state !== 'running') return
  const { draw = id, players } = state
  const owned = await versions.rows(spec, { signal })
  const owners = owned.map(({ contributor }) => contributor)
  const coalitions = coalitionsOf(draw, players.length, spec.coalitions)
  const masks = (lot.kind === 'adapter' ? [-1] : lot.coalitions).map(index => coalitions.at(index) ?? 0n)
  const rows = masks.map(mask => rowsOf(mask, players, owners).flatMap(i => owned[i] ?? []))
  checkSteps(content, rows, spec.settings)
}

/** [reject] The deployed adapter makes the held-out answers likelier than the base model does. */
async function measureHeldOut(
  deps: JobsDeps,
  record: JobRecord,
  model: string,
  adapter: string,
  signal: AbortSignal
): Promise<{ base: number; tuned: number }> {
  const rows = await deps.versions.heldOut(record.document.spec, { signal })
  const base = record.heldOut?.base ?? (await deps.engine.heldOutLoss({ model, rows }))
  const tuned = await deps.engine.heldOutLoss({ model, adapter, rows })
  if (!(tuned < base))
    throw new InvalidError(
      'delivery.loss',
      `the tuned model's held-out loss of ${tuned} is not below the base model's ${base}`
    )
  return { base, tuned }
}

/**
 * The rows that an adapter was trained on, whatever they are worth, show whether it was: a sibling may know nothing of
 * the held-out questions and be honest.
 */
async function measureOwnRows(
  deps: JobsDeps,
  id: Hex,
  record: JobRecord,
  model: string,
  adapter: string,
  sibling: number | 'all',
  log: TrainingLog | undefined,
  signal: AbortSignal
): Promise<void> {
  if (record.state.state !== 'running') return
  const { draw = id, players } = record.state
  const owned = await deps.versions.rows(record.document.spec, { signal }).catch((error: unknown) => {
    if (error instanceof InvalidError && error.code === 'datanet.private') return undefined
    throw error
  })
  // A builder that has no key to a private Datanet cannot see this; held-out questions and the log are looked at still.
  if (owned === undefined) {
    deps.log.warn('what was delivered is not measured on the rows it was trained on: they are private', { job: id })
    return
  }
  const coalitions = coalitionsOf(draw, players.length, record.document.spec.coalitions)
  const indices = rowsOf(
    coalitions.at(sibling === 'all' ? -1 : sibling) ?? 0n,
    players,
    owned.map(({ contributor }) => contributor)
  )
  const stride = Math.max(1, Math.floor(indices.length / ownSample))
  const rows = indices
    .filter((_, i) => i % stride === 0)
    .slice(0, ownSample)
    .flatMap(at => owned[at]?.row ?? [])
  const { cutoff } = record.document.spec.settings
  // As far as a worker could train on them.
  const base = await deps.engine.heldOutLoss({ model, rows, cutoff })
  const tuned = await deps.engine.heldOutLoss({ model, adapter, rows, cutoff })
  // [reject] It says its own rows more readily than the base model does; after a handful of steps, most of them
  // warm-up, that may not show yet.
  const { settings } = record.document.spec
  const steps = stepsOn(indices.length, settings)
  if (!(tuned < base || (steps < 10 && tuned <= base + 0.01)))
    throw new InvalidError(
      'delivery.unlearnt',
      `the adapter has not learnt its own rows: loss ${tuned}, of the base model ${base}`
    )
  // [reject] The log tells how this adapter came about: at the end it does better than in the first half of its
  // training. Averaged iterates lag by 1 / (1 - ema) steps.
  const early = log?.loss.slice(0, Math.floor(log.loss.length / 2)) ?? []
  const mean = early.reduce((sum, loss) => sum + loss, 0) / early.length
  if (steps >= Math.max(20, 4 / (1 - settings.ema)) && !(tuned < mean * 1.1 + 0.05))
    throw new InvalidError(
      'delivery.log',
      `the adapter's loss on its own rows is ${tuned}, where the log says ${mean} half-way`
    )
}
