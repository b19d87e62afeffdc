import { isQuorum, weightOf } from '../../protocol/data/index.ts'
import type { DatanetDocument } from '../../protocol/data/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { DataDeps } from './deps.ts'
import { createTerms } from './terms/terms.ts'

/** Blocks for which seals hold whose seats are weighed anew before their version is anchored. */
const sealBlocks = 256n

/** A Datanet by its rules of a certain time, with the validators of one, and its present host. */
export interface RuledDatanet extends DatanetDocument {
  readonly host: Address
  /** What its rows stand under by then: those given under earlier rules stay under theirs. */
  readonly licence: string
}

/**
 * Which validators decide, and by which rules. A Datanet's first roster and rules are those of its founding; those that
 * follow are the chain's. A contribution is decided by the roster that sat, and judged by the rules that were in force,
 * when its commitment came on chain, which everybody finds alike, whatever sits and holds by now. Documents given here
 * are as the Datanet was founded.
 */
export interface Rosters {
  /** A Datanet with the validators that decide on one of its contributions, and the rules it is judged by. */
  deciding(contribution: Hex, net: DatanetDocument): Promise<RuledDatanet>
  /** … with the validators that sit, and the rules that are in force, now. */
  sitting(datanet: Hex, net: DatanetDocument): Promise<RuledDatanet>
  /** … with the validators of a roster's number, and its first rules. */
  numbered(datanet: Hex, number: number, net: DatanetDocument): Promise<DatanetDocument>
  /**
   * … the same, with the weights under which validators have sealed a version that was anchored in a block: those of
   * that number, or those before where the same seats were only weighed anew within `sealBlocks` before it. So nobody
   * spoils a version by weighing between its sealing and its anchoring.
   */
  sealing(
    version: { readonly datanet: Hex; readonly number: number; readonly block: bigint },
    sealers: readonly Address[],
    net: DatanetDocument
  ): Promise<DatanetDocument>
  /** … the same; undefined where the chain knows of none by that number yet. */
  existing(datanet: Hex, number: number, net: DatanetDocument): Promise<DatanetDocument | undefined>
}

/** Who hosts a Datanet: its founder, where nothing later is told with it. */
export const hostOf = (net: DatanetDocument & Partial<Pick<RuledDatanet, 'host'>>): Address =>
  net.host ?? net.statement.message.host

export function createRosters({ ledger }: Pick<DataDeps['chain'], 'ledger'>): Rosters {
  const terms = createTerms({ ledger })
  async function withRoster(datanet: Hex, number: number, net: DatanetDocument): Promise<DatanetDocument> {
    // The first one stands in the rules, unless its seats were weighed.
    const isNamed = number <= 1 && net.rules.weights === undefined
    const members = isNamed ? undefined : await ledger.roster(datanet, Math.max(1, number))
    if (members === undefined) return net
    const validators = members.map(({ address, weight }) => ({ address, weight: Number(weight) }))
    return { ...net, rules: { ...net.rules, validators } }
  }
  async function ruled(datanet: Hex, rules: number, roster: number, net: DatanetDocument): Promise<RuledDatanet> {
    const found = await withRoster(datanet, roster, await terms.numbered(datanet, rules, net))
    return { ...found, host: await terms.host(datanet, net), licence: await terms.licence(datanet, rules, net) }
  }
  return {
    async deciding(contribution, net) {
      const known = await ledger.commitment(contribution)
      return known === undefined
        ? { ...net, host: net.statement.message.host, licence: net.rules.licence }
        : ruled(known.datanet, known.rules, known.roster, net)
    },
    numbered: withRoster,
    async sealing({ datanet, number, block }, sealers, net) {
      for (const members of await ledger.weighings(datanet, number, block - sealBlocks)) {
        const validators = members.map(({ address, weight }) => ({ address, weight: Number(weight) }))
        if (isQuorum(validators, sealers) && sealers.every(sealer => weightOf(validators, sealer) > 0))
          return { ...net, rules: { ...net.rules, validators } }
      }
      return withRoster(datanet, number, net)
    },
    async existing(datanet, number, net) {
      const last = (await ledger.datanet(datanet))?.roster ?? 1
      if (number < 1 || number > last) return undefined
      return (number > 1 || net.rules.weights !== undefined) && (await ledger.roster(datanet, number)) === undefined
        ? undefined
        : withRoster(datanet, number, net)
    },
    async sitting(datanet, net) {
      const known = await ledger.datanet(datanet)
      return ruled(datanet, known?.rulesNumber ?? 1, known?.roster ?? 1, net)
    }
  }
}
