import { batchFaultInWords, weightOf } from '../../../protocol/data/index.ts'
import type { DatanetDocument } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { BatchRecord } from '../../chain/types.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Interest } from '../interest/index.ts'
import type { Rosters } from '../rosters.ts'
import type { VotePolicy } from '../types.ts'
import type { Questions } from './questions.ts'
import { createRestraint } from './restraint.ts'
import type { Sealed } from './sealed.ts'
import type { IsKnownWriter } from './standing.ts'

/** Seconds to open batches in, as the contract has them; and how long each seat leaves it to those before it. */
const windowSeconds = 86_400
const turnSeconds = 120

/**
 * The validator's automation: it says yes to sealed questions that its checks find nothing in, where it votes by its
 * checks, and opens those whose version is anchored, the seats one after another, so that one of them pays for it. It
 * says no to nothing by itself: what nobody agrees to judges nothing, and whoever puts bad ones shall not make it pay.
 * Nor does it agree to any number of good ones: what is too many waits for its owner's word.
 */
export function createOpening(
  {
    automations,
    chain,
    clock,
    questions: on = true,
    self
  }: Pick<DataDeps, 'automations' | 'chain' | 'clock' | 'questions' | 'self'>,
  everyMs: number,
  book: Pick<Book, 'datanet'>,
  interest: Pick<Interest, 'all' | 'roles'>,
  rosters: Pick<Rosters, 'sitting'>,
  sealed: Sealed,
  questions: Questions,
  isKnown: IsKnownWriter,
  policy: () => Promise<VotePolicy>
): Automation | undefined {
  if (chain.account === undefined) return undefined
  const { ledger } = chain
  const restraint = createRestraint({ chain, clock }, isKnown)
  const short = (id: Hex): string => id.slice(0, 10)

  async function* speaking(datanet: Hex, name: string): AsyncGenerator<Plan> {
    for (const batch of await questions.asked(datanet)) {
      if (batch.spoke.includes(self) || (await sealed.rowsOf(batch)) === undefined) continue
      const about = datanet
      const fault = await questions.faultOf(batch)
      const what = `accept the held-out questions ${short(batch.id)} of ${name}`
      const against = await restraint.against(batch)
      if (fault === null && against === undefined && (await policy()) === 'auto')
        yield {
          due: true,
          about,
          what,
          async run() {
            restraint.spoke(batch)
            await questions.speakOnQuestions(datanet, batch.id, true)
            return `agreed to the held-out questions ${short(batch.id)} of ${name}`
          }
        }
      else {
        const which = fault?.question === undefined ? '' : `question ${fault.question}: `
        const found =
          fault === null ? (against ?? 'its checks find nothing') : `${which}${batchFaultInWords[fault.fault]}`
        yield { due: false, about, what, why: `${found}; your word decides`, at: null }
      }
    }
  }

  async function* opening(datanet: Hex, name: string): AsyncGenerator<Plan> {
    const version = (await ledger.datanet(datanet))?.version ?? 0
    // One may be anchored right after another.
    for (const one of [version, version - 1]) {
      const due = one < 1 ? undefined : await ledger.batchesDue(datanet, one)
      if (due === undefined) continue
      const now = Math.max(clock.now() / 1000, Number(ledger.head()?.timestamp ?? 0n))
      if (now > Number(due.until)) continue
      for (const batch of await ledger.batchesFor(datanet, one)) {
        if (batch.key !== null || (await sealed.keyOf(batch)) === undefined) continue
        const at = Number(due.until) - windowSeconds + (await seatOf(batch)) * turnSeconds
        const plan = { about: datanet, what: `open the held-out questions ${short(batch.id)} of ${name}` }
        if (now < at) yield { due: false, ...plan, why: 'others have their turn before', at: at * 1000 }
        else
          yield {
            due: true,
            ...plan,
            async run() {
              await questions.openQuestions(datanet, batch.id)
              return `opened the held-out questions ${short(batch.id)}, which judge version ${one} of ${name}`
            }
          }
      }
    }
  }

  const seatOf = async ({ datanet, roster }: BatchRecord): Promise<number> =>
    Math.max(
      0,
      ((await ledger.roster(datanet, roster)) ?? []).findIndex(({ address }) => address === self)
    )

  const sits = ({ rules }: DatanetDocument): boolean => weightOf(rules.validators, self) > 0

  async function* plans(): AsyncGenerator<Plan> {
    for (const datanet of interest.all()) {
      if (!interest.roles(datanet).includes('validator')) continue
      const net = await book.datanet(datanet)
      if (net === undefined || net.document.rules.parents !== undefined) continue
      const ruled = await rosters.sitting(datanet, net.document)
      yield* opening(datanet, ruled.rules.name)
      if (sits(ruled)) yield* speaking(datanet, ruled.rules.name)
    }
  }

  return automations.add({ name: 'questions', on, everyMs, plans })
}
