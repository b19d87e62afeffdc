import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Draft } from './draft.ts'
import type { Tables } from './records.ts'
import type { SlashRecord } from './slash-records.ts'

type Why = Partial<Pick<SlashRecord, 'contribution' | 'pool' | 'epoch' | 'audit'>> &
  Required<Pick<SlashRecord, 'because'>>

/**
 * What a stake was taken for. The stake itself is told by Slashed, just before and in the same transaction.
 * @returns what is wrong where nothing was taken there
 */
export async function explainSlash(
  draft: Draft,
  { nodes, slashes }: Pick<Tables, 'nodes' | 'slashes'>,
  { node, transaction }: { readonly node: Address; readonly transaction: Hex },
  why: Why
): Promise<string | undefined> {
  const place = (await draft.get(nodes, node))?.slashed ?? undefined
  const slash = place === undefined ? undefined : await draft.get(slashes, place)
  if (place === undefined || slash?.transaction !== transaction) return `a slash of ${node} is missing`
  await draft.put(slashes, place, { ...slash, ...why })
  return undefined
}
