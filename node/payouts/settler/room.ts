import { canonicalJson, LimitError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import {
  dataOf,
  drawCount,
  gapsIn,
  inTurn,
  isOver,
  lengthOf,
  linesOf,
  maxAccounts,
  maxEpochModels,
  mostPanel
} from '../../../protocol/payouts/index.ts'
import type { ChannelFacts, EpochBundle, ReceiptsDocument, Settled, Waiting } from '../../../protocol/payouts/index.ts'
import { bundleBytes } from '../limits.ts'

// What nobody reads is void, and costs its settler the bond: so an epoch takes up no more than its checkers read.
// Anybody may register models for a Datanet and pay into its pool for them, so those come first that bring most.

/** What a word takes in a bundle: twice utilities of 64 coalitions, a path and a signature; three are kept of each. */
const wordsBytes = 3 * 2_600

/** What of each model's fees came into the pool and is divided by no epoch yet. */
export function waitingBy(
  channels: ReadonlyMap<Hex, Pick<ChannelFacts, 'model' | 'claims' | 'claimed' | 'expiry'>>,
  before: Settled,
  at: bigint
): Map<Hex, bigint> {
  const sums = new Map<Hex, bigint>()
  for (const [channel, { model, claims, claimed, expiry }] of channels) {
    // What is over and named no more is divided, or counts for nobody.
    if (!before.has(channel) && isOver(expiry, at)) continue
    const waits = dataOf(claims, gapsIn(before.get(channel)?.covered ?? [], claimed))
    sums.set(model, (sums.get(model) ?? 0n) + waits)
  }
  return sums
}

/** Open receipts of a channel that could count together: how many, and what its turn among others goes by. */
export interface Brought {
  readonly model: Hex
  readonly urgent: number
  readonly others: number
  readonly waiting: Waiting
}

/** Of how many of a channel's receipts there is room. */
export type RoomOf = Pick<Brought, 'urgent' | 'others'>

/**
 * Of how many receipts of each channel there is room, of so many in all: as an epoch would count them, in turn, what is
 * urgent first. @param counts whether a model's receipts could count now
 */
export async function roomFor(
  brought: ReadonlyMap<Hex, Brought>,
  most: number,
  counts: (model: Hex) => Promise<boolean>
): Promise<Map<Hex, RoomOf>> {
  const turns = [...brought].sort(([a, x], [b, y]) => inTurn([a, x.waiting], [b, y.waiting]))
  const room = new Map<Hex, RoomOf>()
  let left = most
  for (const kind of ['urgent', 'others'] as const)
    for (const [channel, one] of turns) {
      if (left === 0) return room
      // One whose receipts nobody can count keeps no other's out.
      if (one[kind] === 0 || !(await counts(one.model))) continue
      const taken = Math.min(one[kind], left)
      left -= taken
      room.set(channel, { urgent: 0, others: 0, ...room.get(channel), [kind]: taken })
    }
  return room
}

/**
 * Models of channels whose fees the epoch before named as waiting for receipts, or that are over: twice as many as an
 * epoch divides, those of which most waits.
 */
export function overdueModels(before: Settled, at: bigint): Hex[] {
  const waits = new Map<Hex, bigint>()
  for (const { model, covered, claimed, expiry } of linesOf(before, new Map(), at).values()) {
    const gaps = gapsIn(covered, claimed)
    if (gaps.length > 0 || isOver(expiry, at)) waits.set(model, (waits.get(model) ?? 0n) + lengthOf(gaps))
  }
  return byWaiting(waits.keys(), waits).slice(0, 2 * maxEpochModels)
}

const descending = (a: bigint, b: bigint): number => (a > b ? -1 : a < b ? 1 : 0)

/** Each once: those that have to be there, then those that bring most. */
export function byWaiting(names: Iterable<Hex>, waiting: ReadonlyMap<Hex, bigint>, first: Iterable<Hex> = []): Hex[] {
  const fixed = new Set(first)
  const sumOf = (model: Hex): bigint => waiting.get(model) ?? 0n
  const others = [...new Set(names)].filter(model => !fixed.has(model))
  others.sort((a, b) => descending(sumOf(a), sumOf(b)) || (a < b ? -1 : 1))
  return [...fixed, ...others]
}

/** An epoch as it would be. `said`: all words that come are in it. */
export interface Made {
  readonly document: ReceiptsDocument
  readonly bundle: EpochBundle
  readonly said: boolean
}

/** Whether what is anchored, and what will be proposed on it with all words that may come, is read by others. */
function isReadable({ document, bundle, said }: Made): boolean {
  const { receipts } = document
  const most = bundleBytes(receipts.length)
  const answers = Map.groupBy(receipts, ({ receipt }) => receipt.message.model).values()
  let drawn = 0
  if (!said) for (const of of answers) drawn += drawCount(of.length)
  return (
    bundle.payouts.length + (said ? 0 : mostPanel) <= maxAccounts && // scorers are paid, too
    document.models.length <= maxEpochModels &&
    bundle.models.length + bundle.unmeasured.length <= maxEpochModels &&
    canonicalJson(document).length <= most &&
    canonicalJson(bundle).length + drawn * wordsBytes <= most
  )
}

/** Epochs that are made to find the models that fit: one may be tens of megabytes. */
const mostTries = 24

/**
 * An epoch of the models that leave it readable, in their order: where one does not fit those behind it are tried, as
 * often as that is bearable. The fees of the others wait.
 * @param least so many of the first cannot be left out
 * @throws LimitError `epoch.large`
 */
export function fitting<T extends Made>(names: readonly Hex[], make: (names: readonly Hex[]) => T, least = 0): T {
  let taken = names.slice(0, least)
  let rest = names.slice(least, Math.max(least, maxEpochModels))
  let found: T | undefined
  /** How many more are tried at once; and of how many it is known that they do not fit together. */
  let [step, tooMany] = [rest.length, Infinity]
  for (let tries = 0; rest.length > 0 && tries < mostTries; tries++) {
    const wanted = [...taken, ...rest.slice(0, step)]
    const made = make(wanted)
    if (isReadable(made)) {
      found = made
      taken = wanted
      rest = rest.slice(step)
      tooMany -= step
      step *= 2
    } else tooMany = step
    if (tooMany === 1) {
      rest = rest.slice(1)
      ;[step, tooMany] = [1, Infinity]
    }
    step = Math.min(step, rest.length, tooMany === Infinity ? step : Math.floor(tooMany / 2))
  }
  if (found !== undefined) return found
  const made = make(taken)
  if (isReadable(made)) return made
  // [reject] What nobody would read is neither anchored nor proposed.
  throw new LimitError('epoch.large', 'the epoch would be larger than its checkers read', {
    help: 'Nothing was posted. The pool has more accounts, channels or receipts than one epoch has room for.'
  })
}
