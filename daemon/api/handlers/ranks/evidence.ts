import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import type { DatanetView } from '../../../../node/data/index.ts'
import type { Node } from '../../../../node/node.ts'
import { givenTo, grownFrom } from '../given.ts'

export type Parts = Pick<Node, 'data' | 'models' | 'payouts'>

/** Those that are meant: the one that was named, or all that this node follows, whose owner has chosen them. */
export async function meantDatanets({ data }: Pick<Parts, 'data'>, named: string | undefined): Promise<DatanetView[]> {
  if (named !== undefined) return [await data.findDatanet(named)]
  const found = await Promise.all(data.followed().map(({ id }) => data.datanet(id)))
  return found.flatMap(net => net ?? [])
}

/**
 * What each account's rows are worth on the held-out questions, in 1e-6: under that model of the Datanet whose rows add
 * most to right answers, as far as anybody has measured one. Fees would be a worse measure: whoever trades with itself
 * gets them back.
 */
export async function valuesIn(
  { models, payouts }: Pick<Parts, 'models' | 'payouts'>,
  datanet: Hex
): Promise<ReadonlyMap<Address, bigint>> {
  let best: { readonly gain: bigint; readonly values: ReadonlyMap<Address, bigint> } | undefined
  for (const { id } of grownFrom(models, datanet)) {
    const quality = await payouts.quality(id)
    if (quality === null) continue
    const values = new Map(Object.entries(quality.values) as [Address, bigint][])
    const gain = [...values.values()].reduce((sum, value) => (value > 0n ? sum + value : sum), 0n)
    if (best === undefined || gain > best.gain) best = { gain, values }
  }
  return best?.values ?? new Map()
}

/** What an account offered in contributions that were decided on. */
export interface OfferedRows {
  readonly rows: number
  readonly taken: number
  /** Of those that were taken, what has left since. */
  readonly left: number
  /** Of accepted contributions whose rows are not read here: counted nowhere else. */
  readonly unread: number
}

/**
 * Rows that each account offered in contributions that were decided on, and those that were taken. Whoever withdraws
 * what was accepted has offered it all the same: a rank tells what its rows were good for.
 */
export async function rowsIn({ data }: Pick<Parts, 'data'>, datanet: Hex): Promise<ReadonlyMap<Address, OfferedRows>> {
  const accounts = new Map<Address, OfferedRows>()
  for await (const { contributor, accepted, left, isDecided, rows, own } of givenTo(data, datanet)) {
    if (!isDecided) continue
    const known = accounts.get(contributor) ?? { rows: 0, taken: 0, left: 0, unread: 0 }
    // What is accepted and not read here is no refused row of its author's.
    const taken = accepted ? own : 0
    if (taken === null) accounts.set(contributor, { ...known, unread: known.unread + rows })
    else
      accounts.set(contributor, {
        ...known,
        rows: known.rows + rows,
        taken: known.taken + taken,
        left: known.left + (left ? taken : 0)
      })
  }
  return accounts
}
