import { rulesInForce } from '../../../protocol/data/index.ts'
import type { DatanetDocument, InForce } from '../../../protocol/data/index.ts'
import { licenceOfAll } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { RulesRecord } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import type { Cache } from '../../runtime/index.ts'
import type { DataDeps } from '../deps.ts'

type Ledger = DataDeps['chain']['ledger']

/** Datanets whose rules are kept read, of those looked at last. */
const mostKept = 512

/** A Datanet's rules as they were read: `all` begins with the first ones, `set` with the second. */
interface Read {
  readonly all: readonly InForce[]
  readonly set: readonly RulesRecord[]
}

/** Of each ledger, what was read of it: whoever asks it of a Datanet's rules shares that. */
const reads = new WeakMap<Ledger, Cache<Hex, Read>>()

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
  /** Rules that were set are taken back: they are read anew. */
  forget(datanet: Hex): void
}

export function createTerms({ ledger }: Pick<DataDeps['chain'], 'ledger'>): Terms {
  const kept = reads.get(ledger) ?? createCache<Hex, Read>({ max: mostKept })
  reads.set(ledger, kept)

  /** What was set is read once, and what follows it from there on: its last amendment says that it is still that. */
  async function read(datanet: Hex, upTo: number, { rules: first }: DatanetDocument): Promise<Read> {
    const known = kept.get(datanet) ?? { all: [{ rules: first }], set: [] }
    const same = Math.min(known.set.length, upTo - 1)
    const [last] = same === 0 ? [] : await ledger.rules(datanet, same + 1, same + 1)
    const isSame = last?.amendment === known.set[same - 1]?.amendment
    const all = isSame ? known.all.slice(0, same + 1) : [{ rules: first }]
    const set = isSame ? known.set.slice(0, same) : []
    if (set.length === upTo - 1) return { all, set }
    const later = await ledger.rules(datanet, upTo, set.length + 2)
    const [, ...inForce] = rulesInForce(all.at(-1)?.rules ?? first, later)
    const found = { all: [...all, ...inForce], set: [...set, ...later] }
    if (found.set.length === upTo - 1) kept.set(datanet, found)
    return found
  }

  const terms: Terms = {
    async numbered(datanet, number, net) {
      if (number <= 1) return net
      const rules = (await read(datanet, number, net)).all.at(-1)?.rules
      return rules === undefined ? net : { ...net, rules }
    },
    now: async (datanet, net) => terms.numbered(datanet, (await ledger.datanet(datanet))?.rulesNumber ?? 1, net),
    at: async (datanet, block, net) => terms.numbered(datanet, await ledger.rulesAt(datanet, block), net),
    async history(datanet, net) {
      const { all, set } = await read(datanet, (await ledger.datanet(datanet))?.rulesNumber ?? 1, net)
      return all.map((found, i) => {
        const record = set[i - 1]
        return { ...found, number: record?.number ?? 1, set: record ?? null }
      })
    },
    async licence(datanet, number, net) {
      if (number <= 1) return net.rules.licence
      const { all } = await read(datanet, number, net)
      return licenceOfAll(all.map(({ rules }) => rules.licence))
    },
    host: async (datanet, net) => (await ledger.datanet(datanet))?.host ?? net.statement.message.host,
    forget(datanet) {
      kept.delete(datanet)
    }
  }
  return terms
}
