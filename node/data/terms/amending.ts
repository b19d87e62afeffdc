import { amendmentId } from '../../../protocol/contracts/index.ts'
import {
  changedRules,
  checkLaterRules,
  checkLicence,
  mostRulesBytes,
  readRulesText,
  rulesDifference,
  rulesText,
  totalWeight
} from '../../../protocol/data/index.ts'
import type { DatanetDocument, DatanetRules, LaterRules } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError, checkNewName } from '../../../protocol/primitives/index.ts'
import type { Address, Hex, TakenName } from '../../../protocol/primitives/index.ts'
import type { AmendmentRecord, DatanetRecord } from '../../chain/types.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import { createTerms } from './terms.ts'
import type { AmendmentView, RulesView, TermsService } from './types.ts'

/** Rules that are shown at once, of those that were set and of those put forward. */
const mostShown = 20
/** Of the newest that were put forward, those of which the shown ones are chosen. */
const mostLookedAt = 200

/** Rules that follow others, and hosts that follow others: as they stand, and how this node brings them about. */
export function createAmending(
  { chain, self }: Pick<DataDeps, 'chain' | 'self'>,
  book: Pick<Book, 'taken'>,
  document: (datanet: Hex) => Promise<DatanetDocument>
): TermsService {
  const { ledger } = chain
  const terms = createTerms(chain)

  /** That what this node has done is in its own lists. */
  const readBack = (): Promise<void> => ledger.caughtUp({ consumers: true }).catch(() => undefined)

  /** @throws InvalidError `rules.invalid` where they would be none */
  function textOf(record: AmendmentRecord): LaterRules {
    // [reject] Bytes that read as good rules and are others: what they are set as, nobody reads.
    if (amendmentId(record) !== record.id)
      throw new InvalidError('rules.invalid', 'the text reads otherwise than the bytes that were put forward')
    return readRulesText(record.text)
  }

  async function viewOf(before: DatanetRules, total: number, record: AmendmentRecord): Promise<AmendmentView> {
    const { id: amendment, by, number, text, consent, against, spoke } = record
    let [rules, why]: [DatanetRules | null, string | null] = [null, null]
    try {
      const next = textOf(record)
      rules = { ...next, validators: before.validators }
      checkLaterRules(before, next)
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
      why = error.message
    }
    const differences = rules === null ? [] : rulesDifference(before, rules)
    const said = { consent: Number(consent), against: Number(against), total, spoke }
    return { amendment, by, number, rules, differences, why, ...said, text }
  }

  const isOpen = async (
    { datanet, number, roster }: AmendmentRecord,
    known: DatanetRecord | undefined
  ): Promise<boolean> =>
    datanet === known?.id &&
    number === known.rulesNumber + 1 &&
    // What seats were asked that were only weighed anew since is theirs still.
    ledger.sameSeats(datanet, roster, known.roster)

  /** Those that may still be set, each account's newest first: whoever puts many forward hides no other's. */
  async function openOf(datanet: Hex): Promise<readonly AmendmentRecord[]> {
    const known = await ledger.datanet(datanet)
    const { items } = await ledger.amendments(datanet, { reverse: true, limit: mostLookedAt })
    const counts = new Map<Address, number>()
    const open = await Promise.all(items.map(one => isOpen(one, known)))
    return items
      .filter((_, i) => open[i])
      .map(one => {
        const nth = counts.get(one.by) ?? 0
        counts.set(one.by, nth + 1)
        return { one, nth }
      })
      .sort((a, b) => a.nth - b.nth)
      .slice(0, mostShown)
      .map(({ one }) => one)
  }

  return {
    async terms(datanet, upTo = Number.MAX_SAFE_INTEGER) {
      const net = await document(datanet)
      const known = await ledger.datanet(datanet)
      const history = await terms.history(datanet, net)
      const founder = net.statement.message.host
      const rules: RulesView[] = []
      for (const [i, { number, rules: own, why, set }] of history.entries()) {
        if (number > upTo || number <= Math.min(upTo, history.length) - mostShown) continue
        const put = set === null ? undefined : await ledger.amendment(set.amendment)
        rules.push({
          number,
          rules: own,
          differences: rulesDifference(history[i - 1]?.rules ?? own, own),
          why: why?.message ?? null,
          set:
            set === null
              ? null
              : {
                  amendment: set.amendment,
                  block: set.block,
                  transaction: set.transaction,
                  by: put?.by ?? null,
                  roster: put?.roster ?? 1,
                  spoke: put?.spoke ?? []
                }
        })
      }
      const now = history.at(-1)?.rules ?? net.rules
      const sitting = (known?.validators ?? []).map(({ address, weight }) => ({ address, weight: Number(weight) }))
      const next: AmendmentView[] = []
      for (const one of await openOf(datanet)) next.push(await viewOf(now, totalWeight(sitting), one))
      return {
        datanet,
        number: known?.rulesNumber ?? 1,
        host: known?.host ?? founder,
        founder,
        nextHost: known?.nextHost ?? null,
        rules,
        next
      }
    },

    async rulesAt(datanet, block) {
      const net = await document(datanet)
      return (await (block === undefined ? terms.now(datanet, net) : terms.at(datanet, block, net))).rules
    },

    async proposeRules(datanet, change) {
      await ledger.caughtUp()
      const net = await document(datanet)
      const { rules: before } = await terms.now(datanet, net)
      const next = changedRules(before, change)
      checkLaterRules(before, next)
      const differences = rulesDifference(before, next)
      if (differences.length === 0) throw new InvalidError('rules.same', 'these are the rules in force already')
      if (next.licence !== before.licence) checkLicence(next.licence)
      if (next.name !== before.name) {
        const taken: TakenName[] = []
        for await (const one of book.taken(datanet)) taken.push(one)
        checkNewName('Datanet', { name: next.name, owner: await terms.host(datanet, net) }, taken)
      }
      const text = rulesText(next)
      if (new TextEncoder().encode(text).length > mostRulesBytes)
        throw new InvalidError('rules.too-long', `these rules have more than ${mostRulesBytes} bytes`, {
          help: 'Say what it is for in fewer words.'
        })
      const { amendment, transaction } = await chain.datanets.proposeRules(datanet, text)
      await readBack()
      return { amendment, differences, transaction }
    },

    async speakOnRules(datanet, amendment, consents) {
      const found = await ledger.amendment(amendment)
      if (found?.datanet !== datanet || !(await isOpen(found, await ledger.datanet(datanet))))
        throw new NotFoundError('rules.unknown', 'no such rules were put forward to follow those in force', {
          help: '`tilth datanet rules NAME` shows those that were.'
        })
      // [reject] Nobody agrees here to what would be none, however many do.
      if (consents) checkLaterRules((await terms.now(datanet, await document(datanet))).rules, textOf(found))
      const { transaction, set } = await chain.datanets.speakOnRules(amendment, consents)
      await readBack()
      return { transaction, set: set ?? null }
    },

    async nameHost(datanet, next) {
      if (next === self) throw new InvalidError('host.self', 'this node hosts it already')
      const { transaction } = await chain.datanets.nameHost(datanet, next)
      await readBack()
      return { transaction }
    },

    async acceptHost(datanet) {
      const { transaction } = await chain.datanets.acceptHost(datanet)
      await readBack()
      return { transaction }
    }
  }
}
