import type { DatanetDocument } from '../../protocol/data/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { DataDeps } from './deps.ts'

/**
 * Which validators decide. A Datanet's first roster stands in its rules; those that follow are the chain's. A
 * contribution is decided by the roster that sat when its commitment came on chain, which everybody finds alike,
 * whatever sits by now.
 */
export interface Rosters {
  /** A Datanet with the validators that decide on one of its contributions. */
  deciding(contribution: Hex, net: DatanetDocument): Promise<DatanetDocument>
  /** … with those that sit now. */
  sitting(datanet: Hex, net: DatanetDocument): Promise<DatanetDocument>
  /** … with those of a roster's number. */
  numbered(datanet: Hex, number: number, net: DatanetDocument): Promise<DatanetDocument>
  /** … the same; undefined where the chain knows of none by that number yet. */
  existing(datanet: Hex, number: number, net: DatanetDocument): Promise<DatanetDocument | undefined>
}

export function createRosters({ ledger }: Pick<DataDeps['chain'], 'ledger'>): Rosters {
  async function withRoster(datanet: Hex, number: number, net: DatanetDocument): Promise<DatanetDocument> {
    const members = number <= 1 ? undefined : await ledger.roster(datanet, number)
    if (members === undefined) return net
    const validators = members.map(({ address, weight }) => ({ address, weight: Number(weight) }))
    return { ...net, rules: { ...net.rules, validators } }
  }
  return {
    async deciding(contribution, net) {
      const known = await ledger.commitment(contribution)
      return known === undefined ? net : withRoster(known.datanet, known.roster, net)
    },
    numbered: withRoster,
    async existing(datanet, number, net) {
      const last = (await ledger.datanet(datanet))?.roster ?? 1
      if (number < 1 || number > last) return undefined
      return number > 1 && (await ledger.roster(datanet, number)) === undefined
        ? undefined
        : withRoster(datanet, number, net)
    },
    sitting: async (datanet, net) => withRoster(datanet, (await ledger.datanet(datanet))?.roster ?? 1, net)
  }
}
