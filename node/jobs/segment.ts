import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomInt } from 'node:crypto'
import { checkDelivered, deliveryContent, lotOf, playersOf, rowsOf, segmentOf } from '../../protocol/jobs/index.ts'
import type { AuditedLot, DrawnSegment, JobResult } from '../../protocol/jobs/index.ts'
import { InvalidError, TilthError } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { decodeFrame } from '../../protocol/wire/index.ts'
import type { JobsDeps } from './deps.ts'
import { maxContentBytes, maxStateBytes } from './limits.ts'
import type { SegmentRun } from './types.ts'

/**
 * How far a committed state may be from the one found here, as a part of the way that its segment went. Threads,
 * siblings beside it move it by some millionths, and the bound leaves room for other processors; one row more or less
 * moves it by more than a tenth (`test/engine/parts.test.ts`).
 */
export const farthest = 0.01

type SegmentDeps = Pick<JobsDeps, 'engine' | 'files' | 'folder' | 'shelf' | 'versions'>

/** What its makers do not give, or have made so that nobody can take it. That this machine lacks room is not theirs. */
const theirs: ReadonlySet<string> = new Set([
  'audit.withheld',
  'files.unavailable',
  'files.too-large',
  'files.cid',
  'files.not-file',
  'files.not-directory',
  'files.bad-path',
  'shelf.late',
  'shelf.too-large'
])

/** Whether what an audit takes is not to be had from those who should have it. */
export const isWithheld = (error: unknown): boolean => error instanceof TilthError && theirs.has(error.code)

/** @throws TilthError `audit.withheld` in place of what says the same · as `take` */
async function given<T>(what: string, signal: AbortSignal | undefined, take: () => Promise<T>): Promise<T> {
  try {
    return await take()
  } catch (cause) {
    signal?.throwIfAborted()
    if (!isWithheld(cause)) throw cause
    throw new TilthError('audit.withheld', `${what} is not to be had`, { cause, consequence: 'retry' })
  }
}

/** What each of a result's lots was delivered with. @throws InvalidError `delivery.*`, `result.delivered` · as files */
export async function deliveredLots(
  { files }: { readonly files: Pick<JobsDeps['files'], 'fetchBytes'> },
  result: JobResult,
  { signal, brief = false }: { readonly signal?: AbortSignal; readonly brief?: boolean } = {}
): Promise<AuditedLot[]> {
  const found: AuditedLot[] = []
  for (const lot of result.lots) {
    const { cid, worker } = lot.delivery.message
    const bytes = await files.fetchBytes(cid, {
      maxBytes: maxContentBytes,
      providers: [worker, result.statement.message.builder],
      ...(brief ? { brief } : {}),
      ...(signal === undefined ? {} : { signal })
    })
    const content = decodeFrame(bytes, deliveryContent, maxContentBytes)
    // [reject] What each worker has signed for is what stands in the result.
    checkDelivered(result, lot, content)
    found.push({ lot, content })
  }
  return found
}

/**
 * Runs a segment of one adapter's training again, from the state that its worker committed to, by the job's own rows,
 * settings and seed; and holds the state after it, and what was delivered, against what comes of it.
 * @throws InvalidError `audit.segment` where there is no such segment · TilthError `audit.withheld` where base, adapter
 * or states are not to be had · as versions, files, shelf and engine: that says nothing about the training
 */
export async function runSegment(
  deps: SegmentDeps,
  result: JobResult,
  lots: readonly AuditedLot[],
  { coalition, segment, auditors = [] }: DrawnSegment & { readonly auditors?: readonly Address[] },
  signal?: AbortSignal
): Promise<SegmentRun> {
  const own = lotOf(lots, coalition, result.coalitions.length)
  const steps = own?.content.logs[own.at]?.steps ?? 0
  // Of a training that says it took no step, that is looked at.
  const place = steps === 0 && segment === 0 ? { from: 0, to: 0 } : segmentOf(steps, segment)
  const adapter = result.adapters[coalition]
  if (own === undefined || place === undefined || typeof adapter !== 'string')
    throw new InvalidError('audit.segment', `coalition ${coalition} of the result has no segment ${segment}`)
  const { worker } = own.lot.delivery.message
  const said = { coalition, segment, worker, ...place, steps, tolerance: farthest }
  const states = own.content.states?.[own.at]
  // [reject] Without states there is nothing that could be run again.
  if (states === undefined) return { ...said, distance: null, agrees: false, reason: 'no states were committed to' }
  // Whoever else runs it has what it takes as well: nobody can keep it from one of them alone.
  const from = [worker, result.statement.message.builder, ...auditors]
  const cause = { from, cause: 'owner', ...(signal === undefined ? {} : { signal }) } as const
  const folder = join(deps.folder, 'audit', `${Date.now()}-${randomInt(2 ** 32)}`)
  await mkdir(folder, { recursive: true })
  const held: { release(): void }[] = []
  try {
    const state = async (number: number): Promise<string> => {
      const file = join(folder, `${number}.safetensors`)
      const ask = { maxBytes: maxStateBytes, providers: from, pin: false, ...(signal === undefined ? {} : { signal }) }
      const what = `a state that ${worker} committed to`
      await writeFile(file, await given(what, signal, () => deps.files.fetchBytes(states[number] ?? '', ask)))
      return file
    }
    const { spec } = result
    const base = await given("the job's base", signal, () => deps.shelf.take(spec.base, { kind: 'base', ...cause }))
    held.push(base)
    const delivered = await given(`an adapter that ${worker} delivered`, signal, () =>
      deps.shelf.take(adapter, { kind: 'adapter', ...cause })
    )
    held.push(delivered)
    const owned = await deps.versions.rows(result.spec, signal === undefined ? {} : { signal })
    const owners = owned.map(({ contributor }) => contributor)
    if (playersOf(owners).join() !== result.players.join())
      throw new InvalidError('result.players', 'the result names other players than the version has contributors')
    const rows = rowsOf(BigInt(result.coalitions[coalition] ?? '0'), result.players, owners)
    const last = states.length - 1
    const end = steps === 0 ? undefined : await state(segment)
    const ended = segment === last ? end : last < 0 ? undefined : await state(last)
    const ran = await deps.engine.runPart({
      model: base.folder,
      rows: rows.flatMap(i => owned[i]?.row ?? []),
      settings: result.spec.settings,
      from: place.from,
      to: place.to,
      ...(segment === 0 ? {} : { begin: await state(segment - 1) }),
      ...(end === undefined ? {} : { end }),
      last: { ...(ended === undefined ? {} : { state: ended }), delivered: delivered.folder },
      ...(signal === undefined ? {} : { signal })
    })
    const distance = Number.isFinite(ran.distance) ? ran.distance : null
    const reason =
      ran.steps !== steps
        ? `the training has ${ran.steps} steps, its log ${steps}`
        : ran.delivered !== true
          ? 'the delivered adapter is not what the last state comes to'
          : !(ran.distance <= farthest)
            ? 'the state after the segment does not follow from the one before'
            : undefined
    return { ...said, distance, agrees: reason === undefined, ...(reason === undefined ? {} : { reason }) }
  } finally {
    for (const lease of held) lease.release()
    await rm(folder, { recursive: true, force: true })
  }
}
