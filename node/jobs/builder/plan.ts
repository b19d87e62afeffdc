import {
  checkFullSize,
  coalitionCost,
  coalitionCount,
  coalitionsOf,
  playersOf,
  recommendTune,
  rowCounts,
  wholeSettings
} from '../../../protocol/jobs/index.ts'
import { readAs } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book.ts'
import { defaultPolicy } from '../deps.ts'
import type { JobsDeps, OwnedRow } from '../deps.ts'
import type { CostEstimate, PlanRequest, TunePlan } from '../types.ts'
import { checkBase, modelOf } from './base.ts'
import { drawOf } from '../draw.ts'
import { anchoredVersion } from './post.ts'

/** Jobs whose bids an estimate goes by: the newest. */
const jobsLookedAt = 5
/** What training is assumed to run at where nobody has bid yet, in operations a second: a few cores. */
const roughSpeed = 3e10
/** Room for a dearer worker, in percent of the estimate. */
const room = 150n

const lengthOf = ({ row }: OwnedRow): number => row.messages.reduce((sum, { content }) => sum + content.length, 0)

/**
 * What a job would be and cost, with what is left away recommended: nothing is signed, paid or said.
 * @throws as draftJob, for base, version and settings
 */
export async function planTune(deps: JobsDeps, book: Pick<Book, 'all'>, request: PlanRequest): Promise<TunePlan> {
  const { base, datanet, version } = request
  const { cid: manifest } = await anchoredVersion(deps, datanet, version)
  const sizes = await checkBase(deps, base)
  const rows = await deps.versions.rows({ datanet, version, manifest }, { standIns: true })
  const owners = rows.map(({ contributor }) => contributor)
  const players = playersOf(owners)
  const lengths = rows.map(lengthOf)
  const characters = lengths.reduce((sum, length) => sum + length, 0)
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
  const model = await modelOf(deps, base, sizes)
  const known = recommendTune({
    ...model,
    rows: rows.length,
    characters,
    longest,
    players: players.length,
    method: request.settings?.method
  })
  // [reject] What was given is within its bounds.
  const settings = readAs(wholeSettings, { ...known.settings, ...request.settings }, 'job.spec')
  if (settings.method === 'full') checkFullSize(model.fewest)
  // What is measured, not what was asked: few players have all of their coalitions measured.
  const coalitions = coalitionCount(players.length, request.coalitions ?? known.coalitions)
  const drawn = coalitionsOf(await drawOf(deps.chain, request), players.length, coalitions)
  const counts = rowCounts(players, owners)
  const siblingRows = drawn.slice(1, -1).reduce((sum, coalition) => sum + coalitionCost(coalition, counts), 0)
  const cost = costOf(book, request, {
    ...model,
    characters,
    epochs: settings.epochs,
    isFull: settings.method === 'full',
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

interface Work {
  readonly parameters: number
  readonly characters: number
  readonly epochs: number
  readonly isFull: boolean
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
  const asked = recentBids(book, base, datanet, work.isFull)
  const [middle] = asked.slice(Math.floor(asked.length / 2))
  // Training costs three passes of two operations a parameter and token, a frozen base about two of them.
  const passes = work.isFull ? 6 : 4
  const rough = Math.max(1, (passes * work.parameters * (work.characters / 4) * work.epochs) / roughSpeed)
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

/**
 * What workers asked for the same base, Datanet and kind of training, an epoch; the cheapest first. Versions grow
 * slowly.
 */
function recentBids(book: Pick<Book, 'all'>, base: string, datanet: Hex, isFull: boolean): Asked[] {
  return [...book.all()]
    .map(([, job]) => job)
    .filter(({ document: { spec }, bids }) => spec.base === base && spec.datanet === datanet && bids.length > 0)
    .filter(({ document: { spec } }) => (spec.settings.method === 'full') === isFull)
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
