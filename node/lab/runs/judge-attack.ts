import type { AttackResult } from '../results.ts'
import { oneShotRules, rules, type OneShotRule } from '../rules/index.ts'
import type { Attack } from '../worlds/attacks.ts'
import { heldOutShare } from '../worlds/attacks.ts'
import type { Bench } from './bench.ts'
import { arrivedBy, evidenceFor, type Study } from './study.ts'

/** Shares by account name, under each rule; uniform questions. */
async function paidBy(study: Study, bench: Bench): Promise<Map<OneShotRule, Map<string, number>>> {
  const { accepted, plan } = study
  const seed = plan.ruleSeeds[0] ?? 0
  const { evidence } = await evidenceFor(study, bench, { seed, arrived: arrivedBy(accepted, Infinity) })
  const seen = evidence('uniform')
  return new Map(
    oneShotRules.flatMap(name => {
      const paid = rules[name](seen)
      if (paid === null) return []
      return [[name, new Map(accepted.players.map((player, i) => [player, paid.shares[i] ?? 0]))] as const]
    })
  )
}

const ofWords = {
  gain: "what its owner's share grew by",
  copied: 'what was copied',
  all: 'all of the money'
} satisfies Record<Attack['of'], string>

/** What an attacker's accounts get, beside what was there before. */
export async function judgeAttack(
  attack: Attack,
  study: Study,
  peace: Study,
  bench: Bench
): Promise<Omit<AttackResult, 'seconds'>> {
  const [before, after] = [await paidBy(peace, bench), await paidBy(study, bench)]
  const taken = oneShotRules.flatMap(name => {
    const now = after.get(name)
    const honest = before.get(name)?.get('foundation') ?? 0
    if (now === undefined) return []
    const got = attack.accounts.reduce((sum, account) => sum + (now.get(account) ?? 0), 0)
    // What was copied: the foundation's answers, or those that have a held-out question.
    const copied = attack.name === 'held-out questions' ? heldOutShare(peace.plan.world) : honest
    const value = attack.of === 'all' ? got : attack.of === 'gain' ? got / honest - 1 : got / copied
    return Number.isFinite(value) ? [[name, value] as const] : []
  })
  return {
    name: attack.name,
    what: attack.what,
    of: ofWords[attack.of],
    target: attack.target,
    refused: study.accepted.refused.flatMap(({ name }) => (attack.accounts.includes(name) ? [name] : [])),
    taken: Object.fromEntries(taken)
  }
}
