import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { coalitionsOf, mostFullParameters, playersOf, rowsOf } from '../../../protocol/jobs/index.ts'
import type { Lot, TuneSpec } from '../../../protocol/jobs/index.ts'
import { anySignal, contentHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { drawOf } from '../draw.ts'
import { checkVersion } from '../versions.ts'
import { DeclinedError } from './declines.ts'
import type { DeclineCode } from './declines.ts'
import type { JobsDeps, OwnedRow, WorkerPolicy } from '../deps.ts'
import type { Experience } from './experience.ts'
import { parametersOf, trainerFor } from './trainer.ts'

/**
 * Measured on this machine, for one base model and shape of training: characters of rows trained per second, and what
 * comes before the first step of each lot (the model is loaded, its graph compiled).
 */
export const speed = z.strictObject({
  charactersPerSecond: z.number().positive(),
  overheadSeconds: z.number().min(0).default(0),
  measuredAt: z.number()
})
type Speed = z.infer<typeof speed>

/**
 * What is measured of a training: a second of it, but so many steps at least and at most. Steps of a small model are a
 * few hundredths of a second, and lots are divided by what comes of it.
 */
const benchmarked = { ms: 1_000, least: 4, most: 32 } as const
/** The clock tells no shorter steps apart. */
const clockSeconds = 0.001
/**
 * What was measured is measured again after a day; and after an hour where it would keep this worker from bidding: the
 * machine may have been busy then, and nothing that is declined would ever show it.
 */
const believedMs = { usually: 24 * 3_600_000, against: 3_600_000 } as const

/**
 * The middle one counts: a moment in which the machine had something else to do says nothing about a whole training.
 * But where this thread had something else to do, what came meanwhile is heard at once, and the middle one may be
 * nought: then the mean counts, and never less than a third of it.
 */
function secondsOfStep(steps: readonly number[]): number {
  const mean = steps.reduce((sum, one) => sum + one, 0) / Math.max(1, steps.length)
  const middle = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0
  return Math.max(clockSeconds, middle > clockSeconds ? Math.max(middle, mean / 3) : mean)
}

const charactersOf = (rows: readonly OwnedRow[]): number =>
  rows.reduce((sum, { row }) => sum + row.messages.reduce((length, { content }) => length + content.length, 0), 0)

export interface Estimate {
  /** For the whole job, adapter and siblings, if nobody else took a part of it. */
  readonly seconds: number
  /** For the adapter alone, which is what has to be done in time whoever trains the siblings. */
  readonly adapterSeconds: number
  readonly price: bigint
  readonly siblingPrice: bigint
}

/** What a step fails of, as the reason not to bid. */
async function orDecline<T>(step: Promise<T>, code: DeclineCode, reason: string, help: string): Promise<T> {
  try {
    return await step
  } catch (cause) {
    throw new DeclinedError(code, reason, help, cause)
  }
}

export interface Estimator {
  estimate(
    spec: TuneSpec,
    builder: Address,
    /** Throws where an estimate is not within the job's terms. */
    accept: (estimate: Estimate) => void,
    signal?: AbortSignal
  ): Promise<Estimate>
  /** Seconds for a lot by what was measured, uncorrected; undefined where nothing was. */
  reckon(spec: TuneSpec, lot: Lot, signal?: AbortSignal): Promise<number | undefined>
}

/** Of all rows, how many the siblings of a lot train on together: 2 is twice as many as the adapter. */
function sharesOf(draw: Hex, { coalitions: count }: TuneSpec, lot: Lot, rows: readonly OwnedRow[]): number {
  if (lot.kind === 'adapter') return 1
  const owners = rows.map(({ contributor }) => contributor)
  const players = playersOf(owners)
  const coalitions = coalitionsOf(draw, players.length, count)
  const trained = lot.coalitions.reduce((sum, index) => {
    const coalition = coalitions[index]
    return sum + (coalition === undefined ? 0 : rowsOf(coalition, players, owners).length)
  }, 0)
  return trained / Math.max(1, rows.length)
}

/** All siblings of a job as one lot: every coalition but the empty one and the full one. */
function allSiblings(draw: Hex, spec: TuneSpec, rows: readonly OwnedRow[]): Lot {
  const players = playersOf(rows.map(({ contributor }) => contributor))
  const { length } = coalitionsOf(draw, players.length, spec.coalitions)
  return { kind: 'siblings', coalitions: Array.from({ length: length - 2 }, (_, i) => i + 1) }
}

/** Bytes that a model's folder may hold beside weights: its tokenizer, templates and pictures. */
const besideWeights = 64 << 20

/**
 * What a job would take this machine, from its own measured speed and from how long earlier lots took, and what its
 * owner wants for it. The first job of a kind is measured by a few real steps; later ones by what is remembered of it.
 */
export function createEstimator(deps: JobsDeps, policy: WorkerPolicy, experience: Experience): Estimator {
  const speeds = deps.store.collection('jobs/speeds', speed)

  async function benchmark(
    model: string,
    { settings }: TuneSpec,
    rows: readonly OwnedRow[],
    signal?: AbortSignal
  ): Promise<Speed> {
    const sample = rows.slice(0, settings.batch * settings.accumulation)
    const folder = join(deps.folder, 'benchmark')
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    const times: number[] = []
    const enough = new AbortController()
    const began = deps.clock.now()
    try {
      await trainerFor(deps, settings).tune({
        model,
        rows: sample.map(({ row }) => row),
        settings: { ...settings, epochs: benchmarked.most },
        output: join(folder, 'adapter'),
        onProgress: () => {
          const now = deps.clock.now()
          times.push(now)
          if (times.length >= benchmarked.least && now - (times[0] ?? now) >= benchmarked.ms) enough.abort()
        },
        signal: anySignal([enough.signal, ...(signal === undefined ? [] : [signal])])
      })
    } catch (error) {
      if (!enough.signal.aborted) throw error
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    // The first step compiles the graph, which a long training does once and never feels.
    const first = times[0] ?? deps.clock.now()
    const steps = times.slice(1).map((time, i) => (time - (times[i] ?? first)) / 1000)
    const seconds = secondsOfStep(steps)
    return {
      charactersPerSecond: Math.max(1, charactersOf(sample)) / seconds,
      overheadSeconds: Math.max(0, (first - began) / 1000 - seconds),
      measuredAt: deps.clock.now()
    }
  }

  const keyOf = ({ base, settings }: TuneSpec): Hex => {
    const { batch, lora, method, cutoff } = settings
    const adapter = lora === undefined ? {} : { rank: lora.rank, targets: [...lora.targets].sort() }
    return contentHash({ base, batch, ...adapter, method, cutoff })
  }

  function secondsFor(draw: Hex, spec: TuneSpec, lot: Lot, rows: readonly OwnedRow[], known: Speed): number {
    const once = (charactersOf(rows) * spec.settings.epochs) / known.charactersPerSecond
    const shares = sharesOf(draw, spec, lot, rows)
    return shares === 0 ? 0 : known.overheadSeconds + once * shares
  }

  async function estimate(
    spec: TuneSpec,
    builder: Address,
    accept: (estimate: Estimate) => void,
    signal?: AbortSignal
  ): Promise<Estimate> {
    await orDecline(
      checkVersion(deps, spec),
      'work.version',
      `version ${spec.version} of its Datanet is not on chain as the job names it`,
      'Nothing to do here: its builder named a version that does not exist, or the chain is behind.'
    )
    await orDecline(
      deps.versions.requireSome(spec),
      'work.version',
      `everything in version ${spec.version} has left its Datanet`,
      'Nothing to do here: what was taken back is not learnt once more.'
    )
    await checkAudited(spec)
    const rows = await orDecline(
      deps.versions.rows(spec, { standIns: true, ...(signal === undefined ? {} : { signal }) }),
      'work.version',
      `the rows of version ${spec.version} of its Datanet cannot be had`,
      'Nothing to do here while nobody provides them; they are asked for again.'
    )
    if (rows.length > policy.maxRows)
      throw new DeclinedError(
        'work.rows',
        `its ${rows.length} rows are more than the ${policy.maxRows} that are allowed here`,
        'Allow more with worker.maxRows in the configuration.'
      )
    const draw = await drawOf(deps.chain, spec)
    const key = keyOf(spec)
    const known = await speeds.get(key)
    const ratios = { adapter: await experience.ratio('adapter'), siblings: await experience.ratio('siblings') }
    const priced = (measured: Speed): Estimate => {
      const adapter = ratios.adapter * secondsFor(draw, spec, { kind: 'adapter' }, rows, measured)
      const siblings = ratios.siblings * secondsFor(draw, spec, allSiblings(draw, spec, rows), rows, measured)
      const adapterSeconds = Math.max(1, Math.ceil(adapter))
      const price = policy.pricePerSecond * BigInt(adapterSeconds)
      return {
        seconds: Math.max(adapterSeconds, Math.ceil(adapter + siblings)),
        adapterSeconds,
        price,
        siblingPrice: price
      }
    }
    // A base model is fetched for a job that would be bid for, and for no other: by what is known of this machine's
    // speed, or else by the least that any training takes.
    const age = known === undefined ? Infinity : deps.clock.now() - known.measuredAt
    if (known !== undefined && age < believedMs.usually) {
      try {
        const estimate = checked(priced(known))
        accept(estimate)
        return estimate
      } catch (error) {
        if (age < believedMs.against) throw error
      }
    }
    accept({
      seconds: 1,
      adapterSeconds: 1,
      price: policy.pricePerSecond,
      siblingPrice: policy.pricePerSecond
    })
    await checkSize(spec, builder, signal)
    const base = await orDecline(
      deps.shelf.take(spec.base, { kind: 'base', from: [builder], cause: 'stranger', signal }),
      'work.base',
      `its base model ${spec.base} cannot be had`,
      'Nothing to do here while nobody provides it, or while the shelf is full (--shelf-gib); it is tried again.'
    )
    try {
      const parameters = await orDecline(
        parametersOf(deps, base.folder, spec.settings),
        'work.base',
        `its base model ${spec.base} is none that this engine can open`,
        'Nothing to do here: see `tilth engine inspect` for what the engine takes.'
      )
      checkParameters(parameters, spec)
      const measured = await benchmark(base.folder, spec, rows, signal)
      await speeds.put(key, measured)
      const estimate = checked(priced(measured))
      accept(estimate)
      return estimate
    } finally {
      base.release()
    }
  }

  async function reckon(spec: TuneSpec, lot: Lot, signal?: AbortSignal): Promise<number | undefined> {
    const known = await speeds.get(keyOf(spec))
    if (known === undefined) return undefined
    const rows = await deps.versions.rows(spec, { standIns: true, ...(signal === undefined ? {} : { signal }) })
    return secondsFor(await drawOf(deps.chain, spec), spec, lot, rows, known)
  }
  return { estimate, reckon }

  function checked(estimate: Estimate): Estimate {
    if (estimate.adapterSeconds > policy.maxSeconds)
      throw new DeclinedError(
        'work.seconds',
        `it would take ${estimate.adapterSeconds} s here, ` +
          `longer than the ${policy.maxSeconds} s that this machine is lent for`,
        'Allow longer jobs with worker.maxSeconds in the configuration.'
      )
    return estimate
  }

  function checkParameters(parameters: number, { settings }: TuneSpec): void {
    if (settings.method === 'full' && parameters > mostFullParameters)
      throw new DeclinedError(
        'work.parameters',
        `its base model has ${parameters} parameters, more than the ${mostFullParameters} that are trained in full`,
        'Nothing to do here: its builder is to ask for an adapter.'
      )
    if (parameters > policy.maxParameters)
      throw new DeclinedError(
        'work.parameters',
        `its base model has ${parameters} parameters, more than the ${policy.maxParameters} that are allowed here`,
        'Allow larger ones with worker.maxParameters in the configuration, if the memory is there.'
      )
  }

  /** What another program trains comes out otherwise in its last bits, and commits to no states. */
  async function checkAudited({ datanet, settings }: TuneSpec): Promise<void> {
    if (trainerFor(deps, settings) === deps.engine || (await deps.versions.auditedSegments(datanet)) === 0) return
    throw new DeclinedError(
      'work.trainer',
      "its Datanet asks for trainings that auditors can run again, and here a command of its owner's trains",
      'Leave worker.trainer out of the configuration to take such jobs with the engine.'
    )
  }

  /** No weights take more than four bytes, so a folder says before it is fetched whether it is too large. */
  async function checkSize(spec: TuneSpec, builder: Address, signal?: AbortSignal): Promise<void> {
    const sizes = await orDecline(
      deps.shelf.sizes(spec.base, { kind: 'base', from: [builder], cause: 'stranger', signal }),
      'work.base',
      `its base model ${spec.base} cannot be had`,
      'Nothing to do here while nobody provides it; it is tried again.'
    )
    const least = Math.floor((sizes.bytes - besideWeights) / 4)
    checkParameters(least, spec)
  }
}
