import { rulesInForce } from '../../../protocol/data/index.ts'
import type { DatanetDocument, InForce } from '../../../protocol/data/index.ts'
import { licenceOfAll } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { RulesRecord } from '../../chain/types.ts'
import type { DataDeps } from '../deps.ts'

/** Rules that were set, with where. */
export interface RulesSet extends InForce {
  readonly number: number
  /** Of the first ones: null, they are those of the Datanet's id. */
  readonly set: Pick<RulesRecord, 'amendment' | 'block' | 'rules' | 'transaction'> | null
}

/**
 * What a Datanet's rules are, and who hosts it, by the chain: everybody finds the same. Documents given here are as the
 * Datanet was founded.
 */
export interface Terms {
  /** With the rules of a number. */
  numbered(datanet: Hex, number: number, net: DatanetDocument): Promise<DatanetDocument>
  /** With those in force now. */
  now(datanet: Hex, net: DatanetDocument): Promise<DatanetDocument>
  /** With those in force when a block was over. */
  at(datanet: Hex, block: bigint, net: DatanetDocument): Promise<DatanetDocument>
  /** All there were, from the first on. */
  history(datanet: Hex, net: DatanetDocument): Promise<RulesSet[]>
  /**
   * What its rows stand under: each under the licence of the rules it was given by, so all there were up to a number.
   */
  licence(datanet: Hex, number: number, net: DatanetDocument): Promise<string>
  /** Who hosts it now. */
  host(datanet: Hex, net: DatanetDocument): Promise<Address>
}

export function createTerms({ ledger }: Pick<DataDeps['chain'], 'ledger'>): Terms {
  const terms: Terms = {
    async numbered(datanet, number, net) {
      if (number <= 1) return net
      const rules = rulesInForce(net.rules, await ledger.rules(datanet, number)).at(-1)?.rules
      return rules === undefined ? net : { ...net, rules }
    },
    now: async (datanet, net) => terms.numbered(datanet, (await ledger.datanet(datanet))?.rulesNumber ?? 1, net),
    at: async (datanet, block, net) => terms.numbered(datanet, await ledger.rulesAt(datanet, block), net),
    async history(datanet, net) {
      const set = await ledger.rules(datanet, (await ledger.datanet(datanet))?.rulesNumber ?? 1)
      return rulesInForce(net.rules, set).map((found, i) => {
        const record = set[i - 1]
        return { ...found, number: record?.number ?? 1, set: record ?? null }
      })
    },
    async licence(datanet, number, net) {
      if (number <= 1) return net.rules.licence
      const all = rulesInForce(net.rules, await ledger.rules(datanet, number))
      return licenceOfAll(all.map(({ rules }) => rules.licence))
    },
    host: async (datanet, net) => (await ledger.datanet(datanet))?.host ?? net.statement.message.host
  }
  return terms
}
