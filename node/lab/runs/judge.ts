import type { LogResult, RuleResult, WorldResult, EpochResult } from '../results.ts'
import { askedOften, oneShotRules, rules } from '../rules/index.ts'
import { settledAgain } from '../rules/resettled.ts'
import type { Evidence, Paid } from '../rules/types.ts'
import { errorOf, mean, meanRankCorrelation, sharesOf } from '../truth/shares.ts'
import { ceilingOf, trueShares, type Truth } from '../truth/truth.ts'
import { queryLogs, type QueryLog } from '../types.ts'
import type { Bench } from './bench.ts'
import { arrivedBy, constructedTruth, evidenceFor, truthFor, versionOf, mostExact, type Study } from './study.ts'

const often = 10

/** How far any share moves when the questions about one topic in three are asked ten times as often. */
function movedByCalls(
  rule: (evidence: Evidence) => Paid | null,
  evidence: Evidence,
  shares: readonly number[]
): number {
  const moved = rule(askedOften(evidence, q => q % 3 === 0, often))
  return Math.max(0, ...shares.map((share, i) => Math.abs(share - (moved?.shares[i] ?? share))))
}

function judgeLog(evidences: readonly Evidence[], truth: Truth, weights: readonly number[]): LogResult {
  const players = evidences[0]?.players ?? 0
  const shares = trueShares(truth, weights, players)
  const found = oneShotRules.flatMap(name => {
    const paid = evidences.flatMap(evidence => rules[name](evidence) ?? [])
    const [first] = paid
    const [evidence] = evidences
    if (first === undefined || evidence === undefined) return []
    const errors = paid.map(one => errorOf(one.shares, shares.all))
    const ranges = paid.flatMap(one => shares.each.map(truth => errorOf(one.shares, truth)))
    const correlations = paid.flatMap(({ answers }) =>
      answers === null ? [] : (meanRankCorrelation(answers, truth.values) ?? [])
    )
    const result: RuleResult = {
      shares: shares.all.map((_, i) => mean(paid.map(one => one.shares[i] ?? 0))),
      error: { mean: mean(errors), low: Math.min(...errors, ...ranges), high: Math.max(...errors, ...ranges) },
      rankCorrelation: correlations.length === 0 ? null : mean(correlations),
      movedByCalls: movedByCalls(rules[name], evidence, first.shares)
    }
    return [[name, result] as const]
  })
  return { truth: shares.all, ceiling: ceilingOf(truth, weights, players), rules: Object.fromEntries(found) }
}

/** Shares of those who had come by then, of a later version's. */
const restricted = (shares: readonly number[], indices: readonly number[]): number[] =>
  sharesOf(indices.map(i => shares[i] ?? 0))

/** Each epoch's money as the present rule paid it at once, and as it stands when the last version says its word. */
async function judgeEpochs(
  study: Study,
  bench: Bench,
  last: { truth: readonly number[]; evidence: Evidence }
): Promise<EpochResult[]> {
  const { accepted, plan } = study
  const everybody = arrivedBy(accepted, Infinity)
  const out: EpochResult[] = []
  for (const epoch of [1, 2, 3, 4]) {
    const arrived = arrivedBy(accepted, epoch)
    if (arrived === 0n) continue
    const { indices } = versionOf(accepted, study.rule, arrived)
    const truth = restricted(last.truth, indices)
    const seed = plan.ruleSeeds[0] ?? 0
    const evidence =
      arrived === everybody ? last.evidence : (await evidenceFor(study, bench, { seed, arrived })).evidence('uniform')
    const first = rules.present(evidence)?.shares ?? []
    out.push({
      epoch,
      players: indices.map(i => accepted.players[i] ?? ''),
      oneShot: errorOf(first, truth),
      resettled: errorOf(settledAgain(evidence, last.evidence, indices), truth)
    })
  }
  return out
}

/** All that is measured of a world whose siblings are trained. */
export async function judgeWorld(study: Study, bench: Bench): Promise<Omit<WorldResult, 'seconds'>> {
  const { plan, accepted } = study
  const { world } = plan
  const everybody = arrivedBy(accepted, Infinity)
  const seen = []
  for (const seed of plan.ruleSeeds) seen.push(await evidenceFor(study, bench, { seed, arrived: everybody }))
  const constructed = plan.truthSeeds.length === 0
  const truth = constructed
    ? constructedTruth(study, seen[0]?.evidence('uniform').answers ?? [])
    : await truthFor(study, bench, everybody)
  const logs: Partial<Record<QueryLog, LogResult>> = {}
  for (const log of queryLogs) {
    // A world may have one log alone.
    if (log !== 'uniform' && world.logs[log] === world.logs.uniform) continue
    const evidences = seen.map(({ evidence }) => evidence(log))
    logs[log] = judgeLog(evidences, truth, world.logs[log])
  }
  const first = seen[0]?.evidence('uniform')
  const exact = accepted.players.length <= mostExact
  return {
    name: plan.judged === 'likelihood' ? `${world.name} by likelihood` : world.name,
    data: world.data,
    judged: plan.judged,
    seed: world.seed,
    players: accepted.players.map((name, i) => ({
      name,
      kind: world.contributors.find(one => one.name === name)?.kind ?? 'foundation',
      epoch: accepted.epochs[i] ?? 1,
      rows: accepted.owners.filter(owner => owner === i).length
    })),
    refused: accepted.refused,
    truthBy: constructed ? 'construction' : exact ? 'all coalitions' : 'drawn coalitions',
    truthSeeds: plan.truthSeeds,
    ruleSeeds: plan.ruleSeeds,
    siblings: study.rule.length - 2,
    questions: world.questions.length,
    right: mean(seen.map(({ right }) => right)),
    logs,
    epochs:
      plan.everyEpoch && first !== undefined && logs.uniform !== undefined
        ? await judgeEpochs(study, bench, { truth: logs.uniform.truth, evidence: first })
        : []
  }
}
