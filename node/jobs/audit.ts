import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomInt } from 'node:crypto'
import { checkDelivered, deliveryContent, playersOf, rowsOf } from '../../protocol/jobs/index.ts'
import type { JobResult } from '../../protocol/jobs/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { decodeFrame } from '../../protocol/wire/index.ts'
import type { JobsDeps } from './deps.ts'
import { maxContentBytes } from './limits.ts'
import type { Retrained, RetrainRequest } from './types.ts'

/** Steps that are run again unless said: a training goes astray in its first steps if it is another. */
const usualSteps = 20

/**
 * Trains one sibling of a result again, from the first step on, with the job's own rows, settings and seed. A
 * training's log is committed by its delivery: each loss depends on all steps before it, so what was trained on other
 * rows, or not at all, shows.
 * @throws InvalidError `audit.sibling` · as files and engine
 */
export async function retrain(
  deps: Pick<JobsDeps, 'engine' | 'files' | 'folder' | 'shelf' | 'versions'>,
  result: JobResult,
  { sibling = randomInt(1, result.coalitions.length), steps = usualSteps }: RetrainRequest
): Promise<Retrained> {
  const coalition = result.coalitions[sibling]
  const last = result.coalitions.length - 1
  const lot = result.lots.find(({ award }) =>
    award.lot.kind === 'adapter' ? sibling === last : award.lot.coalitions.includes(sibling)
  )
  if (coalition === undefined || sibling === 0 || lot === undefined)
    throw new InvalidError('audit.sibling', `the model has no sibling ${sibling}`, {
      help: `It has those from 1 to ${last}; the last one is the deployed adapter.`
    })
  const { worker, cid } = lot.delivery.message
  const { builder } = result.statement.message
  const bytes = await deps.files.fetchBytes(cid, { maxBytes: maxContentBytes, providers: [worker, builder] })
  const content = decodeFrame(bytes, deliveryContent, maxContentBytes)
  checkDelivered(result, lot, content)
  const at = lot.award.lot.kind === 'adapter' ? 0 : lot.award.lot.coalitions.indexOf(sibling)
  const logged = content.logs[at]?.loss ?? []
  return {
    coalition,
    worker,
    logged,
    found: await losses(deps, result, BigInt(coalition), Math.min(steps, logged.length))
  }
}

async function losses(
  deps: Pick<JobsDeps, 'engine' | 'folder' | 'shelf' | 'versions'>,
  { spec, players, statement }: JobResult,
  coalition: bigint,
  steps: number
): Promise<number[]> {
  const owned = await deps.versions.rows(spec)
  const owners = owned.map(({ contributor }) => contributor)
  if (playersOf(owners).join() !== players.join())
    throw new InvalidError('result.players', 'the result names other players than the version has contributors')
  const from = [statement.message.builder]
  const base = await deps.shelf.take(spec.base, { kind: 'base', from, cause: 'owner' })
  const folder = join(deps.folder, 'audit', `${Date.now()}-${randomInt(2 ** 32)}`)
  await mkdir(folder, { recursive: true })
  const found: number[] = []
  const enough = new AbortController()
  try {
    await deps.engine.tuneSiblings({
      model: base.folder,
      rows: owned.map(({ row }) => row),
      settings: spec.settings,
      coalitions: [rowsOf(coalition, players, owners)],
      output: [join(folder, 'sibling')],
      signal: enough.signal,
      onProgress({ loss }) {
        if (found.length < steps) found.push(loss)
        if (found.length >= steps) enough.abort()
      }
    })
  } catch (error) {
    if (!enough.signal.aborted) throw error
  } finally {
    base.release()
    await rm(folder, { recursive: true, force: true })
  }
  return found
}
