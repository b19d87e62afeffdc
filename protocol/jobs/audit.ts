import { keccak, contentHash } from '../primitives/canonical.ts'
import { fromHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { hasPlayer } from './masks.ts'
import { RandomStream } from './random.ts'
import { segmentEnds } from './segments.ts'
import type { DeliveryContent, JobResult } from './types.ts'

// What of a job's trainings is run again, and by whom: drawn from chain randomness that nobody knows before all of it
// stands on chain. And what the drawn auditors' words come to.

/** Auditors of one segment, where so many of the panel may. */
export const auditorsEach = 3

/** A segment of one adapter's training, by the adapter's place among the coalitions. */
export interface DrawnSegment {
  readonly coalition: number
  readonly segment: number
}

/** Of each adapter what it was delivered with, by its place among the coalitions. */
export interface AuditedLot {
  readonly lot: JobResult['lots'][number]
  readonly content: DeliveryContent
}

/** Where a lot's adapters stand among the coalitions. */
export const placesOf = ({ award }: JobResult['lots'][number], coalitions: number): readonly number[] =>
  award.lot.kind === 'adapter' ? [coalitions - 1] : award.lot.coalitions

/** The lot of an adapter, and its place there. */
export function lotOf(
  lots: readonly AuditedLot[],
  coalition: number,
  coalitions: number
): (AuditedLot & { readonly at: number }) | undefined {
  for (const one of lots) {
    const at = placesOf(one.lot, coalitions).indexOf(coalition)
    if (at >= 0) return { ...one, at }
  }
  return undefined
}

/**
 * Segments that may be drawn of an adapter: of one that was trained in no step there is one too, so that who claims no
 * steps is looked at like everybody else.
 */
export const drawable = (steps: number): number => Math.max(1, segmentEnds(steps).length)

/**
 * The first is of the deployed adapter. For each of the others first an adapter is drawn, all alike, then one of its
 * segments, none twice: how many steps somebody claims moves nothing.
 * @param steps of each adapter's training, by its place among the coalitions; null for the base model
 */
export function drawSegments(seed: Hex, steps: readonly (number | null)[], count: number): DrawnSegment[] {
  const left = steps.map(own => (own === null ? [] : Array.from({ length: drawable(own) }, (_, segment) => segment)))
  const stream = new RandomStream(seed)
  const drawn: DrawnSegment[] = []
  const below = (bound: number): number => Number(stream.below(BigInt(bound)))
  const take = (coalition: number): void => {
    const own = left[coalition] ?? []
    for (const segment of own.splice(below(own.length), 1)) drawn.push({ coalition, segment })
  }
  const deployed = steps.length - 1
  if (count > 0 && (left[deployed]?.length ?? 0) > 0) take(deployed)
  while (drawn.length < count) {
    const open = left.flatMap((own, coalition) => (own.length > 0 ? [coalition] : []))
    const coalition = open[open.length === 0 ? 0 : below(open.length)]
    if (coalition === undefined) break
    take(coalition)
  }
  return drawn
}

export interface Drawing {
  readonly seed: Hex
  /** In the order of the draw. */
  readonly panel: readonly Address[]
}

/**
 * Who runs a segment again: never the job's builder, nor the worker that trained it, nor anybody whose rows it was
 * trained on. Of the others on the panel three, drawn for each segment by itself.
 */
export function auditorsOf(
  { statement, coalitions, players }: Pick<JobResult, 'statement' | 'coalitions' | 'players'>,
  { worker, drawn: { coalition, segment } }: { readonly worker: Address; readonly drawn: DrawnSegment },
  { seed, panel }: Drawing
): Address[] {
  const mask = BigInt(coalitions[coalition] ?? '0')
  const own = players.filter((_, i) => hasPlayer(mask, i))
  const parties = new Set([statement.message.builder, worker, ...own])
  const place = `${coalition.toString(16).padStart(8, '0')}${segment.toString(16).padStart(8, '0')}`
  return panel
    .filter(auditor => !parties.has(auditor))
    .map(auditor => ({ auditor, lot: keccak(fromHex(`${seed}${place}${auditor.slice(2)}`)) }))
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, auditorsEach)
    .map(({ auditor }) => auditor)
    .sort()
}

/** What an auditor's word is about: these deliveries, drawn by this seed. Each delivery's hash binds its states. */
export const auditSubject = ({ job, lots, adapters }: Pick<JobResult, 'job' | 'lots' | 'adapters'>, seed: Hex): Hex =>
  contentHash({ job, seed, adapters, deliveries: lots.map(({ delivery }) => delivery.message.log) })

/**
 * What a word against a training is about where something that it takes is given to nobody: it says no more than that.
 */
export const withheldSubject = (subject: Hex): Hex => keccak(`withheld ${subject}`)

/** A round of an audit, as the chain has it. */
export interface AuditRound extends Drawing {
  readonly words: readonly { readonly auditor: Address; readonly agrees: boolean; readonly subject: Hex }[]
}

/** What became of a drawn segment. */
export interface AuditedSegment extends DrawnSegment {
  readonly worker: Address
  readonly auditors: readonly Address[]
  readonly agreed: readonly Address[]
  readonly disagreed: readonly Address[]
}

/** What the words of one round come to. */
export interface Certificate {
  readonly subject: Hex
  readonly segments: readonly AuditedSegment[]
  /** Over two thirds of each segment's auditors have found that it agrees. */
  readonly passed: boolean
  /** Segments that nobody of the panel may run again. */
  readonly nobody: number
}

/** Steps of each adapter's training by what was delivered; null for the base model, which nobody trains. */
export const stepsOf = (
  { coalitions }: Pick<JobResult, 'coalitions'>,
  lots: readonly AuditedLot[]
): (number | null)[] =>
  coalitions.map((mask, coalition) => {
    if (BigInt(mask) === 0n) return null
    const found = lotOf(lots, coalition, coalitions.length)
    return found?.content.logs[found.at]?.steps ?? 0
  })

/** @param count segments that the Datanet's rules ask for */
export function certificateOf(
  result: JobResult,
  lots: readonly AuditedLot[],
  round: AuditRound,
  count: number
): Certificate {
  const { length } = result.coalitions
  const subject = auditSubject(result, round.seed)
  const segments = drawSegments(round.seed, stepsOf(result, lots), count).map((drawn): AuditedSegment => {
    const worker = lotOf(lots, drawn.coalition, length)?.lot.delivery.message.worker ?? '0x'
    const auditors = auditorsOf(result, { worker, drawn }, round)
    // [ignore] Who was not drawn for a segment, or speaks of other deliveries, has no word on it.
    const about = ({ agrees, subject: of }: AuditRound['words'][number]): boolean =>
      of === subject || (!agrees && of === withheldSubject(subject))
    const said = round.words.filter(word => auditors.includes(word.auditor) && about(word))
    const of = (agrees: boolean): Address[] => [
      ...new Set(said.filter(word => word.agrees === agrees).map(({ auditor }) => auditor))
    ]
    return { ...drawn, worker, auditors, agreed: of(true), disagreed: of(false) }
  })
  const holds = ({ auditors, agreed }: AuditedSegment): boolean => 3 * agreed.length > 2 * auditors.length
  return {
    subject,
    segments,
    // [reject] Where nothing was drawn, and without one of the deployed adapter, nothing is certified.
    passed: segments[0]?.coalition === length - 1 && segments.every(holds),
    nobody: segments.filter(({ auditors }) => auditors.length === 0).length
  }
}
