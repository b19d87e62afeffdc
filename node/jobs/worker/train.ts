import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  coalitionsOf,
  deliveryContent,
  evaluateEvery,
  heldOutSample,
  playersOf,
  rowsOf,
  stepsOn,
  trainingLog,
  untrained,
  untrainedOf
} from '../../../protocol/jobs/index.ts'
import type { DeliveryContent, Lot, TrainingLog, TuneSpec, Untrained } from '../../../protocol/jobs/index.ts'
import { InvalidError, TilthError, canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { EvaluationSettings, TrainProgress, TuneJob, TuneResult } from '../../engine/types.ts'
import { drawOf } from '../draw.ts'
import { checkVersion } from '../versions.ts'
import type { Lease } from '../../shelf/index.ts'
import { writeWhole } from '../../store/index.ts'
import type { JobsDeps } from '../deps.ts'
import type { States } from './states.ts'
import { trainerFor } from './trainer.ts'
import type { WorkStage } from '../../../protocol/jobs/index.ts'

export interface Training {
  readonly job: Hex
  readonly spec: TuneSpec
  readonly builder: Address
  /** Chain seconds: the award's. */
  readonly deadline: bigint
  readonly lot: Lot
  /** Named after job and lot, not after the award: who is awarded the same lot again goes on from the checkpoint. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly states: States
  onStage(stage: WorkStage): void
  onProgress(progress: TrainProgress): void
}

export interface Trained {
  readonly content: DeliveryContent
  /** Of the content's adapters: they stay until the builder has them. */
  readonly adapters: readonly Lease[]
  /** CID of the content. */ readonly cid: string
}

const outcome = z.strictObject({ logs: z.array(trainingLog), untrained: z.array(untrained).optional() })

/**
 * Trains a lot and publishes its adapters. May be called again after a crash at any point: the engine resumes from its
 * checkpoint, and what was trained to the end is only published again.
 * @throws InvalidError `job.manifest` · NotFoundError `job.version` · as files and engine
 */
export async function trainLot(deps: JobsDeps, training: Training): Promise<Trained> {
  const { spec, builder, signal } = training
  training.onStage('fetching')
  await checkVersion(deps, spec)
  const base = await deps.shelf.take(spec.base, { kind: 'base', from: [builder], cause: 'owner', signal })
  try {
    return await trainOn(deps, base.folder, training)
  } finally {
    base.release()
  }
}

async function trainOn(deps: JobsDeps, model: string, training: Training): Promise<Trained> {
  const { spec, lot, folder, signal } = training
  const owned = await deps.versions.rows(spec, { signal })
  const states = training.states.folder(folder)
  await mkdir(states, { recursive: true })
  const outputs =
    lot.kind === 'adapter' ? [join(folder, 'adapter')] : lot.coalitions.map(index => join(folder, `sibling-${index}`))
  const done = join(folder, 'trained.json')

  let trained = await readOutcome(done)
  if (trained === undefined) {
    training.onStage('training')
    const common = {
      model,
      rows: owned.map(({ row }) => row),
      settings: spec.settings,
      checkpoint: join(folder, 'checkpoint'),
      states: { folder: states },
      signal,
      onProgress: (progress: TrainProgress) => {
        training.onProgress(progress)
      }
    }
    const results =
      lot.kind === 'adapter'
        ? [await tuneWatched(deps, training, { ...common, output: join(folder, 'adapter') })]
        : await trainerFor(deps, spec.settings).tuneSiblings({
            ...common,
            coalitions: siblingRows(
              training,
              await drawOf(deps.chain, spec),
              owned.map(({ contributor }) => contributor)
            ),
            output: outputs
          })
    // The same rows for every adapter: which a base cannot learn is nobody's choice.
    const left = untrainedOf(owned, results[0]?.setAside ?? [])
    trained = { logs: results.map(logOf), ...(left.length === 0 ? {} : { untrained: left }) }
    if (left.length > 0) deps.log.info('rows were set aside', { job: training.job, rows: left.length })
    await writeOutcome(done, trained)
  }

  training.onStage('publishing')
  const adapters: Lease[] = []
  try {
    for (const output of outputs) adapters.push(await deps.shelf.put(output, 'adapter'))
    // Before chance says which of them are looked at: the delivery's hash binds them.
    const committed = await training.states.commit(folder, trained.logs, training)
    const content = deliveryContent.parse({
      adapters: adapters.map(({ cid }) => cid),
      ...trained,
      ...(committed === undefined ? {} : { states: committed })
    })
    return { content, adapters, cid: await deps.files.addBytes(new TextEncoder().encode(canonicalJson(content))) }
  } catch (error) {
    for (const lease of adapters) lease.release()
    throw error
  }
}

/**
 * The adapter's builder sees its loss on held-out questions fall while it is trained. They decide nothing: every step
 * is taken and the last adapter kept, so what comes of it is the same to the bit.
 */
async function tuneWatched(deps: JobsDeps, training: Training, job: TuneJob): Promise<TuneResult> {
  const trainer = trainerFor(deps, training.spec.settings)
  // A command of the owner's says the loss of its steps, and no more.
  if (trainer !== deps.engine) return trainer.tune(job)
  const watched = await watching(deps, training, job.rows.length)
  if (watched === undefined) return deps.engine.tune(job)
  try {
    return await deps.engine.tune({ ...job, settings: { ...job.settings, evaluation: watched } })
  } catch (error) {
    // Questions that are all longer than the settings let a row be cannot be watched; the training goes on without.
    if (!(error instanceof TilthError) || error.code !== 'row-empty') throw error
    return deps.engine.tune(job)
  }
}

async function watching(
  { versions, log }: Pick<JobsDeps, 'versions' | 'log'>,
  { job, spec, signal }: Training,
  rows: number
): Promise<EvaluationSettings | undefined> {
  try {
    const held = (await versions.heldOut(spec, { signal })).slice(0, heldOutSample)
    if (held.length === 0) return undefined
    const { settings } = spec
    const steps = stepsOn(rows, settings)
    const everySteps = evaluateEvery({ steps, rows: rows * settings.epochs, held: held.length })
    return { rows: held, everySteps }
  } catch (error) {
    if (signal.aborted) throw error
    log.info('a training is not watched on held-out questions', { job, error })
    return undefined
  }
}

/** Row indices of each sibling in the lot, from the version's own order and draw. */
function siblingRows({ spec, lot }: Training, draw: Hex, owners: readonly Address[]): number[][] {
  if (lot.kind === 'adapter') return []
  const players = playersOf(owners)
  const coalitions = coalitionsOf(draw, players.length, spec.coalitions)
  return lot.coalitions.map(index => {
    const coalition = coalitions[index]
    if (coalition === undefined || index === coalitions.length - 1)
      throw new InvalidError('award.coalitions', `the job has no sibling ${index}`)
    return rowsOf(coalition, players, owners)
  })
}

const logOf = ({ losses, seconds, tokens }: TuneResult): TrainingLog => ({
  steps: losses.length,
  seconds,
  tokens,
  loss: [...losses]
})

interface Outcome {
  readonly logs: TrainingLog[]
  readonly untrained?: Untrained[] | undefined
}

/** What a training came to; one whose file was damaged is trained again. */
async function readOutcome(file: string): Promise<Outcome | undefined> {
  if (!existsSync(file)) return undefined
  try {
    return outcome.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
    throw error
  }
}

const writeOutcome = (file: string, value: Outcome): Promise<void> => writeWhole(file, JSON.stringify(value))

/** What a lot leaves on this disk beside what is pinned; gone once it is paid or given up. */
export const sweepLot = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
