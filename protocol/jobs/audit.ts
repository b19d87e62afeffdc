import { auditorsEach } from '../contracts/audits.ts'
import { keccak, contentHash } from '../primitives/canonical.ts'
import { fromHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { hasRun, lacks } from './auditors-words.ts'
import type { AuditorsWord } from './auditors-words.ts'
import { hasPlayer } from './masks.ts'
import { RandomStream } from './random.ts'
import { segmentEnds } from './segments.ts'
import type { DeliveryContent, JobResult } from './types.ts'

// What of a job's trainings is run again, and by whom: drawn from chain randomness that nobody knows before all of it
// stands on chain. And what the drawn auditors' words come to.

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

/** Those whom chance draws for a segment, the first of them first. The contract pays by the same order. */
function byLot(candidates: readonly Address[], seed: Hex, at: number): Address[] {
  const place = at.toString(16).padStart(8, '0')
  return candidates
    .map(auditor => ({ auditor, lot: keccak(fromHex(`${seed}${place}${auditor.slice(2)}`)) }))
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, auditorsEach)
    .map(({ auditor }) => auditor)
}

/**
 * Who runs a segment again: never the job's builder, nor the worker that trained it, nor anybody whose rows it was
 * trained on. Of the others on the panel three, drawn for each segment by itself.
 * @param at its place in the draw
 */
export function auditorsOf(
  { statement, coalitions, players }: Pick<JobResult, 'statement' | 'coalitions' | 'players'>,
  { worker, coalition, at }: { readonly worker: Address; readonly coalition: number; readonly at: number },
  { seed, panel }: Drawing
): Address[] {
  const mask = BigInt(coalitions[coalition] ?? '0')
  const own = players.filter((_, i) => hasPlayer(mask, i))
  const parties = new Set([statement.message.builder, worker, ...own])
  const may = panel.filter(auditor => !parties.has(auditor))
  return byLot(may, seed, at).sort()
}

/**
 * What each of the panel is paid for its runs, in its order: of those who say that they ran a segment the three whom
 * chance draws first. As the contract counts it (`TrainingAudits.payOf`).
 * @param segments that were paid for
 * @param fee for each run
 */
export function payOf(
  { seed, panel, words }: Drawing & { readonly words: readonly Pick<AuditorsWord, 'auditor' | 'runs'>[] },
  { segments, fee }: { readonly segments: number; readonly fee: bigint }
): bigint[] {
  const pay = new Map(panel.map(auditor => [auditor, 0n]))
  for (let at = 0; at < segments; at++) {
    const ran = panel.filter(auditor => words.some(word => word.auditor === auditor && hasRun(word, at)))
    for (const auditor of byLot(ran, seed, at)) pay.set(auditor, (pay.get(auditor) ?? 0n) + fee)
  }
  return [...pay.values()]
}

/** What an auditor's word is about: these deliveries, drawn by this seed. Each delivery's hash binds its states. */
export const auditSubject = ({ job, lots, adapters }: Pick<JobResult, 'job' | 'lots' | 'adapters'>, seed: Hex): Hex =>
  contentHash({ job, seed, adapters, deliveries: lots.map(({ delivery }) => delivery.message.log) })

/**
 * What a builder offers for one run of one segment: what training one has cost, by the prices of all lots and the
 * segments that there are by their steps, and no less or more than the contract takes. What a step takes is the job's
 * own choice, its batch and its rows, so it is the price that says it and no constant does.
 */
export function feeFor(
  lots: readonly AuditedLot[],
  { least, most }: { readonly least: bigint; readonly most: bigint }
): bigint {
  const price = lots.reduce((sum, { lot }) => sum + lot.award.statement.message.price, 0n)
  const logs = lots.flatMap(({ content }) => content.logs)
  const parts = BigInt(logs.reduce((sum, { steps }) => sum + segmentEnds(steps).length, 0))
  const each = parts === 0n ? 0n : (price + parts - 1n) / parts
  if (each > most) return most
  return each > least ? each : least
}

/** A round of an audit, as the chain has it. */
export interface AuditRound extends Drawing {
  /** Segments that its builder has put in the fees for. */
  readonly segments: number
  /** Those that count (`standing`). */
  readonly words: readonly AuditorsWord[]
}

/** What became of a drawn segment. */
export interface AuditedSegment extends DrawnSegment {
  readonly worker: Address
  /** None of a segment that its builder has not paid for. */
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
  /** Segments that are paid for, and that nobody of the panel may run again. */
  readonly nobody: number
  /** Segments that are asked for, and that its builder has put in no fees for. */
  readonly unpaid: number
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
  const segments = drawSegments(round.seed, stepsOf(result, lots), count).map((drawn, at): AuditedSegment => {
    const worker = lotOf(lots, drawn.coalition, length)?.lot.delivery.message.worker ?? '0x'
    // Nobody is asked to run what its builder has put in no fees for, and the contract takes no word on it.
    const isPaid = at < round.segments
    const auditors = isPaid ? auditorsOf(result, { worker, coalition: drawn.coalition, at }, round) : []
    // [ignore] Who was not drawn for a segment, does not say that it ran it, or speaks of other deliveries, has no word
    // on it.
    const said = round.words.filter(word => auditors.includes(word.auditor) && word.subject === subject)
    const of = (holds: (word: AuditorsWord) => boolean): Address[] => [
      ...new Set(said.filter(holds).map(({ auditor }) => auditor))
    ]
    return {
      ...drawn,
      worker,
      auditors,
      agreed: of(word => word.word === 'agrees' && hasRun(word, at)),
      disagreed: of(word => lacks(word, at) || (word.word === 'differs' && hasRun(word, at)))
    }
  })
  const unpaid = Math.max(0, segments.length - round.segments)
  const holds = ({ auditors, agreed }: AuditedSegment): boolean => 3 * agreed.length > 2 * auditors.length
  return {
    subject,
    segments,
    // [reject] Where nothing was drawn, without one of the deployed adapter, or where its builder has not put in what
    // all runs cost, nothing is certified.
    passed: segments[0]?.coalition === length - 1 && unpaid === 0 && segments.every(holds),
    nobody: segments.filter(({ auditors }, at) => at < round.segments && auditors.length === 0).length,
    unpaid
  }
}
