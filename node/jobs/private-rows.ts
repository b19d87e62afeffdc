import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { DataService } from '../data/types.ts'

/** What this phase asks of the data phase about rows that only some may read. */
export interface PrivateRows extends Pick<
  DataService,
  'privateRule' | 'trainerGrounds' | 'lacking' | 'giveKeys' | 'borrowKey' | 'returnKeys' | 'manifest'
> {
  /** Who reads them by sitting in the Datanet. */
  holders(datanet: Hex): Promise<readonly Address[]>
  stakeOf(account: Address): Promise<bigint>
}

export function privateRowsOf(
  data: Omit<PrivateRows, 'holders' | 'stakeOf'> & Pick<DataService, 'readers'>,
  { stakeOf }: Pick<PrivateRows, 'stakeOf'>
): PrivateRows {
  const { privateRule, trainerGrounds, lacking, giveKeys, borrowKey, returnKeys, manifest } = data
  return {
    privateRule,
    trainerGrounds,
    lacking,
    giveKeys,
    borrowKey,
    returnKeys,
    manifest,
    holders: async datanet => (await data.readers(datanet)).map(({ account }) => account),
    stakeOf
  }
}
