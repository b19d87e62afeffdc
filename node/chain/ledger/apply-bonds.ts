import type { Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Apply, Draft } from './draft.ts'
import type { BondRecord, Tables } from './records.ts'

const openKey = ({ contributor, until, contribution }: BondRecord): string =>
  `${contributor}/${sequenceKey(until)}/${contribution}`

async function end(
  contribution: Hex,
  state: 'returned' | 'burnt',
  draft: Draft,
  { bonds, openBonds }: Tables
): Promise<string | undefined> {
  const known = await draft.get(bonds, contribution)
  if (known === undefined) return `the bond of ${contribution} was never locked`
  await draft.put(bonds, contribution, { ...known, state })
  await draft.delete(openBonds, openKey(known))
  return undefined
}

/** What is locked with commitments. */
export const applyBonds = {
  async BondLocked({ name: _name, logIndex: _at, ...event }, draft, { bonds, openBonds }) {
    const record: BondRecord = { ...event, state: 'open', spam: 0n, spoke: [] }
    await draft.put(bonds, event.contribution, record)
    await draft.put(openBonds, openKey(record), event.contribution)
  },
  async SpamCalled({ contribution, validator, spam }, draft, { bonds }) {
    const known = await draft.get(bonds, contribution)
    if (known === undefined) return `the bond of ${contribution} was never locked`
    await draft.put(bonds, contribution, { ...known, spam, spoke: [...known.spoke, validator] })
  },
  BondReturned: ({ contribution }, draft, tables) => end(contribution, 'returned', draft, tables),
  BondBurnt: ({ contribution }, draft, tables) => end(contribution, 'burnt', draft, tables)
} as const satisfies { [N in 'BondLocked' | 'SpamCalled' | 'BondReturned' | 'BondBurnt']: Apply<N> }
