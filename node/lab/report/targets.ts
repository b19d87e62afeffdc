import type { LabResult, LogResult, RuleResult, WorldResult } from '../results.ts'
import { queryLogs, type Kind } from '../types.ts'

/** Something that was aimed at, and what came of it. */
export interface Target {
  readonly what: string
  readonly limit: number
  /** `limit` is the least that is aimed at, not the most. */
  readonly atLeast?: boolean
  readonly unit: 'L1' | '%' | 'of the ceiling' | 'of one-shot'
  /** Null where nothing was measured. */
  readonly found: {
    readonly worst: number
    /** Where it is worst. */
    readonly where: string
    readonly mean: number
    readonly of: number
    /** The mean of what another training of the truth comes to, where there is one; null where there is none. */
    readonly another: number | null
  } | null
}

/** Whether it is met in every case that was measured; null where none was. */
export const isMet = ({ limit, atLeast, found }: Target): boolean | null =>
  found === null ? null : atLeast === true ? found.worst >= limit : found.worst <= limit

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** Something that was measured, and in which world, log or attack. */
interface Finding {
  readonly value: number
  readonly where: string
  /** What another training of the truth comes to here. */
  readonly another?: number | undefined
}

function foundOf(findings: readonly Finding[], atLeast = false): Target['found'] {
  const order = findings.toSorted((a, b) => (atLeast ? a.value - b.value : b.value - a.value))
  const [worst] = order
  if (worst === undefined) return null
  const meanOf = (values: readonly number[]): number => sum(values) / values.length
  const others = findings.flatMap(({ another }) => another ?? [])
  return {
    worst: worst.value,
    where: worst.where,
    mean: meanOf(findings.map(({ value }) => value)),
    of: findings.length,
    another: others.length === 0 ? null : meanOf(others)
  }
}

interface Case {
  readonly where: string
  readonly world: WorldResult
  readonly log: LogResult
  readonly present: RuleResult
}

const casesOf = ({ worlds }: LabResult): Case[] =>
  worlds.flatMap(world =>
    queryLogs.flatMap(name => {
      const log = world.logs[name]
      const present = log?.rules.present
      return log === undefined || present === undefined
        ? []
        : [{ where: `${world.name}, ${name}`, world, log, present }]
    })
  )

/** Shares of a kind's players. */
const sharesOf = ({ world }: Case, shares: readonly number[], kind: Kind): number[] =>
  world.players.flatMap((player, i) => (player.kind === kind ? [shares[i] ?? 0] : []))

/** What honest authors lose who know what somebody else knew before: against what they add, by the truth. */
function lossOf(one: Case): Finding[] {
  const paid = sharesOf(one, one.present.shares, 'late')
  return sharesOf(one, one.log.truth, 'late').flatMap((share, i) =>
    share > 0 ? [{ value: Math.max(0, 1 - (paid[i] ?? 0) / share), where: one.where }] : []
  )
}

/** What who invents or is wrong gets more than it adds, by the truth: its rows may teach the form of right answers. */
const beyondOf = (one: Case): Finding[] =>
  (['irrelevant', 'wrong'] as const).flatMap(kind => {
    const truth = sharesOf(one, one.log.truth, kind)
    return sharesOf(one, one.present.shares, kind).map((share, i) => ({
      where: `${kind}, ${one.where}`,
      value: Math.max(0, share - (truth[i] ?? 0))
    }))
  })

/** What the present rule was aimed at, beside what was found. */
export function targetsOf(result: LabResult): Target[] {
  const cases = casesOf(result)
  const byLikelihood = cases.filter(({ world }) => world.judged === 'likelihood')
  const errors = (from: number, to: number, of = cases.filter(one => !byLikelihood.includes(one))): Finding[] =>
    of
      .filter(({ world: { players } }) => players.length >= from && players.length <= to)
      .map(({ where, present, log: { ceiling } }) => ({
        where,
        value: present.error.mean,
        another: ceiling.error?.mean
      }))
  const taken = (...names: string[]): Finding[] =>
    result.attacks.flatMap(({ name, taken: { present } }) =>
      names.includes(name) && present !== undefined ? [{ where: name, value: present }] : []
    )
  const earned = (...kinds: Kind[]): Finding[] =>
    cases.flatMap(one =>
      kinds.flatMap(kind =>
        sharesOf(one, one.present.shares, kind).map(value => ({ where: `${kind}, ${one.where}`, value }))
      )
    )
  const ranks = cases.flatMap(({ where, log: { ceiling }, present: { rankCorrelation } }) =>
    rankCorrelation === null || (ceiling.rankCorrelation ?? 0) <= 0
      ? []
      : [{ where, value: rankCorrelation / (ceiling.rankCorrelation ?? 1) }]
  )
  const resettled = result.worlds.flatMap(({ name, epochs }) => {
    // Of epochs whose version was the last one no later version says anything.
    const last = epochs.at(-1)?.players.length ?? 0
    const earlier = epochs.filter(({ players }) => players.length < last)
    const once = sum(earlier.map(({ oneShot }) => oneShot))
    return once === 0 ? [] : [{ where: name, value: sum(earlier.map(({ resettled }) => resettled)) / once }]
  })
  const most = (what: string, limit: number, unit: Target['unit'], findings: readonly Finding[]): Target => ({
    what,
    limit,
    unit,
    found: foundOf(findings)
  })
  return [
    most('error of shares, up to 8 players', 0.05, 'L1', errors(2, 8)),
    most('error of shares, 16 players', 0.1, 'L1', errors(9, 32)),
    most('error of shares, 48 players and more', 0.15, 'L1', errors(33, 1000)),
    most('error of shares, long answers by their likelihood', 0.05, 'L1', errors(2, 1000, byLikelihood)),
    {
      what: "ranks within an answer, against another seed's",
      limit: 0.8,
      atLeast: true,
      unit: 'of the ceiling',
      found: foundOf(ranks, true)
    },
    most('splitting over accounts gains', 0.05, '%', taken('split')),
    most('copies and false names take of what they copied', 0.05, '%', taken('copies', 'false names')),
    most(
      'a paraphraser or a reworder of held-out questions takes of what it copied',
      0.2,
      '%',
      taken('paraphrases', 'retold', 'held-out questions')
    ),
    most('invented and wrong facts earn', 0.02, '%', [
      ...taken('invented facts', 'wrong facts'),
      ...earned('irrelevant', 'wrong')
    ]),
    most('invented and wrong facts earn beyond what the truth gives them', 0.02, '%', cases.flatMap(beyondOf)),
    most('honest overlap loses', 0.1, '%', cases.flatMap(lossOf)),
    most(
      'ten times the calls at the same value move a share',
      0.02,
      '%',
      cases.map(({ where, present }) => ({ where, value: present.movedByCalls }))
    ),
    most('error after re-settlement', 0.5, 'of one-shot', resettled)
  ]
}
