import {
  coalitionCost,
  coalitionsOf,
  playersOf,
  recommendTune,
  rowCounts,
  trainSettings
} from '../../../protocol/jobs/index.ts'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Sizes } from '../../shelf/index.ts'
import type { Book } from '../book.ts'
import { defaultPolicy } from '../deps.ts'
import type { JobsDeps, OwnedRow } from '../deps.ts'
import type { CostEstimate, PlanRequest, TunePlan } from '../types.ts'
import { checkBase } from './base.ts'
import { drawOf } from '../draw.ts'
import { anchoredVersion } from './post.ts'

/** A base of so many bytes is opened to be known exactly, where it takes no longer than this. */
const openedBytes = 2 * 2 ** 30
const openMs = 60_000
/** Jobs whose bids an estimate goes by: the newest. */
const jobsLookedAt = 5
/** What training is assumed to run at where nobody has bid yet, in operations a second: a few cores. */
const roughSpeed = 3e10
/** Room for a dearer worker, in percent of the estimate. */
const room = 150n
/** Positions that any base has. */
const fewPositions = 2048

const lengthOf = ({ row }: OwnedRow): number => row.messages.reduce((sum, { content }) => sum + content.length, 0)

/**
 * What a job would be and cost, with what is left away recommended: nothing is signed, paid or said.
 * @throws as draftJob, for base, version and settings
 */
export async function planTune(deps: JobsDeps, book: Pick<Book, 'all'>, request: PlanRequest): Promise<TunePlan> {
  const { base, datanet, version } = request
  const { cid: manifest } = await anchoredVersion(deps, datanet, version)
  const sizes = await checkBase(deps, base)
  const rows = await deps.versions.rows({ datanet, version, manifest })
  const owners = rows.map(({ contributor }) => contributor)
  const players = playersOf(owners)
  const lengths = rows.map(lengthOf)
  const characters = lengths.reduce((sum, length) => sum + length, 0)
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
  const model = await modelOf(deps, base, sizes)
  const known = recommendTune({ ...model, rows: rows.length, characters, longest, players: players.length })
  // [reject] What was given is within its bounds.
  const settings = trainSettings.parse({ ...known.settings, ...request.settings })
  const coalitions = request.coalitions ?? known.coalitions
  const drawn = coalitionsOf(await drawOf(deps.chain, request), players.length, coalitions)
  const counts = rowCounts(players, owners)
  const siblingRows = drawn.slice(1, -1).reduce((sum, coalition) => sum + coalitionCost(coalition, counts), 0)
  const cost = costOf(book, request, {
    ...model,
    characters,
    epochs: settings.epochs,
    siblingShare: siblingRows / Math.max(1, rows.length)
  })
  const given = new Set(Object.keys(request.settings ?? {}))
  return {
    base,
    bytes: sizes.bytes,
    parameters: model.parameters,
    version,
    rows: rows.length,
    characters,
    players: players.length,
    settings,
    coalitions,
    why: known.why.filter(({ setting }) => !given.has(setting) && !(setting === 'rank' && given.has('lora'))),
    cost
  }
}

/** By opening it where it is small or here; else by its size, at two bytes a weight. */
async function modelOf(
  { shelf, engine, log }: Pick<JobsDeps, 'shelf' | 'engine' | 'log'>,
  base: string,
  { bytes }: Sizes
): Promise<{ parameters: number; context: number }> {
  if (bytes <= openedBytes)
    try {
      const signal = AbortSignal.timeout(openMs)
      const lease = await shelf.take(base, { kind: 'base', from: [], cause: 'owner', signal })
      try {
        const { parameters, context } = await engine.open(lease.folder)
        return { parameters, context }
      } finally {
        lease.release()
      }
    } catch (error) {
      // [reject] A base whose template nobody can use, or use again to the same result, is none for a job.
      if (error instanceof TilthError && error.code === 'chat-template')
        throw new InvalidError('job.base', `the base ${base} cannot be tuned: ${error.message}`, {
          cause: error,
          ...(error.help === undefined ? {} : { help: error.help })
        })
      log.info('a base model is planned with by its size alone', { base, error })
    }
  return { parameters: Math.round(bytes / 2), context: fewPositions }
}

interface Work {
  readonly parameters: number
  readonly characters: number
  readonly epochs: number
  /** Rows of all siblings together, as a multiple of the adapter's. */
  readonly siblingShare: number
}

/** Money for so many seconds or so large a share, without losing what a number cannot hold. */
const times = (amount: bigint, factor: number): bigint => (amount * BigInt(Math.ceil(factor * 1_000_000))) / 1_000_000n

function costOf(
  book: Pick<Book, 'all'>,
  { base, datanet }: Pick<PlanRequest, 'base' | 'datanet'>,
  work: Work
): CostEstimate {
  const asked = recentBids(book, base, datanet)
  const [middle] = asked.slice(Math.floor(asked.length / 2))
  // Training costs three passes of two operations a parameter and token, a frozen base about two of them.
  const rough = Math.max(1, (4 * work.parameters * (work.characters / 4) * work.epochs) / roughSpeed)
  const seconds = middle === undefined ? Math.ceil(rough) : Math.max(1, Math.ceil(middle.secondsPerEpoch * work.epochs))
  const adapter =
    middle === undefined ? defaultPolicy.pricePerSecond * BigInt(seconds) : times(middle.pricePerEpoch, work.epochs)
  const siblings = times(adapter, work.siblingShare)
  const total = adapter + siblings
  return {
    basis: middle === undefined ? 'rough' : 'bids',
    bids: asked.length,
    adapter,
    siblings,
    budget: (total * room) / 100n,
    seconds
  }
}

interface Asked {
  readonly pricePerEpoch: bigint
  readonly secondsPerEpoch: number
}

/** What workers asked for the same base and Datanet, an epoch; the cheapest first. Versions grow slowly. */
function recentBids(book: Pick<Book, 'all'>, base: string, datanet: Hex): Asked[] {
  return [...book.all()]
    .map(([, job]) => job)
    .filter(({ document: { spec }, bids }) => spec.base === base && spec.datanet === datanet && bids.length > 0)
    .sort((a, b) => Number(b.document.statement.message.createdAt - a.document.statement.message.createdAt))
    .slice(0, jobsLookedAt)
    .flatMap(({ document: { spec }, bids }) =>
      bids.map(({ message: { price, seconds } }) => ({
        pricePerEpoch: times(price, 1 / spec.settings.epochs),
        secondsPerEpoch: seconds / spec.settings.epochs
      }))
    )
    .sort((a, b) => (a.pricePerEpoch < b.pricePerEpoch ? -1 : a.pricePerEpoch > b.pricePerEpoch ? 1 : 0))
}
