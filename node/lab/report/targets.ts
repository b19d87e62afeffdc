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
  readonly found: { readonly worst: number; readonly mean: number; readonly of: number } | null
}

/** Whether it is met in every case that was measured; null where none was. */
export const isMet = ({ limit, atLeast, found }: Target): boolean | null =>
  found === null ? null : atLeast === true ? found.worst >= limit : found.worst <= limit

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const foundOf = (values: readonly number[], atLeast = false): Target['found'] =>
  values.length === 0
    ? null
    : {
        worst: atLeast ? Math.min(...values) : Math.max(...values),
        mean: sum(values) / values.length,
        of: values.length
      }

interface Case {
  readonly world: WorldResult
  readonly log: LogResult
  readonly present: RuleResult
}

const casesOf = ({ worlds }: LabResult): Case[] =>
  worlds.flatMap(world =>
    queryLogs.flatMap(name => {
      const log = world.logs[name]
      const present = log?.rules.present
      return log === undefined || present === undefined ? [] : [{ world, log, present }]
    })
  )

/** Shares of a kind's players. */
const sharesOf = ({ world }: Case, shares: readonly number[], kind: Kind): number[] =>
  world.players.flatMap((player, i) => (player.kind === kind ? [shares[i] ?? 0] : []))

/** What honest authors lose who know what somebody else knew before: against what they add, by the truth. */
function lossOf(one: Case): number[] {
  const paid = sharesOf(one, one.present.shares, 'late')
  return sharesOf(one, one.log.truth, 'late').flatMap((share, i) =>
    share > 0 ? [Math.max(0, 1 - (paid[i] ?? 0) / share)] : []
  )
}

/** What the present rule was aimed at, beside what was found. */
export function targetsOf(result: LabResult): Target[] {
  const cases = casesOf(result)
  const errors = (from: number, to: number): number[] =>
    cases.flatMap(({ world, present }) =>
      world.players.length >= from && world.players.length <= to ? [present.error.mean] : []
    )
  const taken = (...names: string[]): number[] =>
    result.attacks.flatMap(({ name, taken }) =>
      names.includes(name) && taken.present !== undefined ? [taken.present] : []
    )
  const earned = (...kinds: Kind[]): number[] =>
    cases.flatMap(one => kinds.flatMap(kind => sharesOf(one, one.present.shares, kind)))
  const ranks = cases.flatMap(({ log: { ceiling }, present: { rankCorrelation } }) =>
    rankCorrelation === null || (ceiling.rankCorrelation ?? 0) <= 0
      ? []
      : [rankCorrelation / (ceiling.rankCorrelation ?? 1)]
  )
  const resettled = result.worlds.flatMap(({ epochs }) => {
    const once = sum(epochs.map(({ oneShot }) => oneShot))
    return once === 0 ? [] : [sum(epochs.map(({ resettled }) => resettled)) / once]
  })
  const most = (what: string, limit: number, unit: Target['unit'], values: readonly number[]): Target => ({
    what,
    limit,
    unit,
    found: foundOf(values)
  })
  return [
    most('error of shares, up to 8 players', 0.05, 'L1', errors(2, 8)),
    most('error of shares, 16 players', 0.1, 'L1', errors(9, 32)),
    most('error of shares, hundreds of players', 0.15, 'L1', errors(100, 1000)),
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
      taken('paraphrases', 'held-out questions')
    ),
    most('invented and wrong facts earn', 0.02, '%', [
      ...taken('invented facts', 'wrong facts'),
      ...earned('irrelevant', 'wrong')
    ]),
    most('honest overlap loses', 0.1, '%', cases.flatMap(lossOf)),
    most(
      'ten times the calls at the same value move a share',
      0.02,
      '%',
      cases.map(({ present }) => present.movedByCalls)
    ),
    most('error after re-settlement', 0.5, 'of one-shot', resettled)
  ]
}
