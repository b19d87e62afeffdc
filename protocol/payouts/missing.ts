import type { Message } from '../crypto/index.ts'
import type { CheckedReceipt, CosignedReceipt } from '../models/index.ts'
import type { Hex } from '../primitives/index.ts'
import type { PreviousEpoch } from './epoch.ts'
import { receiptId } from './leaves.ts'
import { dataOf, overlaps, stretchOf } from './paid.ts'
import type { Stretch } from './paid.ts'
import { countReceipts, faultOf } from './select.ts'
import type { PoolFacts, SoundReceipt } from './select.ts'
import { isOver, isSettled, settledOf } from './settled.ts'
import type { EpochBundle } from './types.ts'

// What an epoch leaves out of what was there. It is found by choosing once more, in the one order, among what the epoch
// has counted and what it may have left out: its maker who had all of that has chosen just that.

/** What an epoch is looked through by. */
export interface MissingFacts extends Pick<PoolFacts, 'network' | 'pool' | 'channels' | 'datanets' | 'measures'> {
  readonly previous: PreviousEpoch | undefined
  /** Receipts that were known here well before the epoch's were anchored. */
  readonly held?: readonly CosignedReceipt[]
}

/** Models whose fees an epoch divides: others may be such as its proposer could not measure, and take no room. */
const dividedIn = ({ models, unmeasured }: EpochBundle): Set<Hex> =>
  new Set([...models.map(({ model }) => model), ...unmeasured])

/**
 * Whether it is worth looking at a receipt: it was paid by then and is of a model that is divided. Anybody may sign
 * receipts by the thousand that nobody pays, so that what is left out would stand behind them.
 */
export function mayBeMissing(bundle: EpochBundle, facts: Omit<MissingFacts, 'held'>): (of: CosignedReceipt) => boolean {
  const [before, lines, divided] = [
    settledOf(facts.previous?.bundle.settled ?? []),
    settledOf(bundle.settled),
    dividedIn(bundle)
  ]
  return ({ receipt: { message } }) => {
    const line = lines.get(message.channel)
    return (
      line !== undefined &&
      !isOver(line.expiry, bundle.at) &&
      message.total <= line.claimed &&
      divided.has(message.model) &&
      facts.measures.has(message.model) &&
      !isSettled(before, message) &&
      dataOf(facts.channels.get(message.channel)?.claims ?? [], [stretchOf(message)]) > 0n
    )
  }
}

/** Whether at a receipt's place, or on some of its fees, one of these stands: its parties have signed twice then. */
function placesIn(receipts: readonly CosignedReceipt[]): (of: Message<'Receipt'>) => boolean {
  const channels = new Map<Hex, { places: Set<bigint>; stretches: Stretch[] }>()
  for (const { receipt } of receipts) {
    const known = channels.get(receipt.message.channel) ?? { places: new Set(), stretches: [] }
    known.places.add(receipt.message.sequence)
    known.stretches.push(stretchOf(receipt.message))
    channels.set(receipt.message.channel, known)
  }
  for (const known of channels.values()) known.stretches = joined(known.stretches)
  return message => {
    const known = channels.get(message.channel)
    return known !== undefined && (known.places.has(message.sequence) || overlaps(known.stretches, stretchOf(message)))
  }
}

/** The same fees in as few stretches as can be, also where some stand on others. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = []
  for (const [from, to] of stretches.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    const last = found.at(-1)
    if (from === to) continue
    if (last === undefined || from > last[1]) found.push([from, to])
    else if (to > last[1]) last[1] = to
  }
  return found
}

/**
 * [reject] What this node held well before the proposal, and could be counted, is counted. What comes late costs
 * nobody: its fees wait for the next epoch.
 * @returns whether something of such receipts is left out; asked part by part it says of each part the same
 */
export function missingFrom(
  bundle: EpochBundle,
  facts: Omit<MissingFacts, 'held'>
): (held: readonly CosignedReceipt[]) => boolean {
  const { network, measures: known, previous } = facts
  // What is wrong with one of its own is said of that.
  const placed = (receipt: CosignedReceipt): SoundReceipt => ({
    id: receiptId(network, receipt),
    receipt: receipt as CheckedReceipt
  })
  const settled = settledOf(previous?.bundle.settled ?? [])
  const [isThere, counts] = [placesIn(bundle.receipts), new Set<CosignedReceipt>(bundle.receipts)]
  const divided = dividedIn(bundle)
  const measures = new Map([...known].filter(([model]) => divided.has(model)))
  const rules = { channels: facts.channels, measures, settled, at: bundle.at, stated: settledOf(bundle.settled) }
  let own: readonly SoundReceipt[] | undefined
  return held => {
    let left = held.filter(({ receipt: { message } }) => !isThere(message) && !isSettled(settled, message)).map(placed)
    if (left.length === 0) return false
    own ??= bundle.receipts.map(placed)
    for (;;) {
      const missing = countReceipts([...own, ...left], rules).counted.filter(one => !counts.has(one))
      // Signatures are checked of those alone that would count, of which there are none where nothing is missing.
      const unsound = new Set<CosignedReceipt>(missing.filter(one => faultOf(one, facts) !== undefined))
      if (unsound.size === 0) return missing.length > 0
      left = left.filter(({ receipt }) => !unsound.has(receipt))
    }
  }
}

export const missingIn = (bundle: EpochBundle, { held = [], ...facts }: MissingFacts): boolean =>
  missingFrom(bundle, facts)(held)
