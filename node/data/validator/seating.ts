import { weightOf } from '../../../protocol/data/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Interest } from '../interest/index.ts'
import type { Rosters } from '../rosters.ts'

/** Rules put forward that are looked at, of the newest. */
const mostRules = 8

/**
 * The validator's automation: where a host announces another roster and counts on silence, a validator that is alive
 * says so before it is too late. Its owner has three quarters of the time to accept or refuse by hand. What rules were
 * put forward it only shows.
 */
export function createSeating(
  { automations, chain, clock, seat = true, self }: Pick<DataDeps, 'automations' | 'chain' | 'clock' | 'seat' | 'self'>,
  everyMs: number,
  book: Book,
  interest: Pick<Interest, 'all' | 'roles'>,
  rosters: Pick<Rosters, 'sitting'>
): Automation | undefined {
  if (chain.account === undefined) return undefined

  async function* plans(): AsyncGenerator<Plan> {
    for (const datanet of interest.all()) {
      if (!interest.roles(datanet).includes('validator')) continue
      const [net, known] = await Promise.all([book.datanet(datanet), chain.ledger.datanet(datanet)])
      if (net === undefined || known === undefined) continue
      const { rules } = await rosters.sitting(datanet, net.document)
      if (weightOf(rules.validators, self) === 0) continue
      for (const { id, by, number, roster, spoke } of (
        await chain.ledger.amendments(datanet, { reverse: true, limit: mostRules })
      ).items) {
        // Rules are its owner's to decide on: nothing signs them by itself.
        if (number !== known.rulesNumber + 1 || spoke.includes(self)) continue
        if (!(await chain.ledger.sameSeats(datanet, roster, known.roster))) continue
        const answer = `\`tilth datanet rules accept\` or \`refuse\` answers (${id.slice(0, 10)})`
        const why = `${by} put them forward; ${answer}`
        const what = `wait for your word on rules ${number} of ${rules.name}`
        yield { due: false, about: datanet, what, why, at: null }
      }
      // Only one can be seated by silence, whatever else is put forward beside it.
      const next = known.announcement === null ? undefined : await chain.ledger.succession(known.announcement)
      if (next === undefined || next.spoke.includes(self)) continue
      if (!(await chain.ledger.sameSeats(datanet, next.follows, known.roster))) continue
      const plan = { about: datanet, what: `keep its seat on the roster of ${rules.name}` }
      const at = Number(next.silentAt - (await chain.datanets.rosterSilence()) / 4n) * 1000
      if (clock.now() < at) {
        const why = 'its host announced another roster; `tilth datanet roster accept` or `refuse` answers before that'
        yield { due: false, ...plan, why, at }
      } else if (clock.now() < Number(next.silentAt) * 1000)
        yield {
          due: true,
          ...plan,
          async run() {
            await chain.datanets.speakOnRoster(next.id, false)
            return `was against another roster of ${rules.name}, which counted on silence`
          }
        }
    }
  }

  return automations.add({ name: 'seat', on: seat, everyMs, plans })
}
