import { InvalidError, NotFoundError, mapPage, pageOf } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { BondView as NodeBond, PreparedContribution } from '../../../node/data/index.ts'
import type { Node } from '../../../node/node.ts'
import type { AgreedView, BondView } from '../contract/index.ts'
import type { Spending } from '../../spending/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

type Names = 'bonds' | 'bond' | 'giveBack' | 'callSpam' | 'unsent' | 'confirmContribution'

const viewOf = ({ amount, spoke, ...bond }: NodeBond): BondView => ({
  ...bond,
  amount: amount.toString(),
  spoke: [...spoke]
})

/** What its contributor has to sign of it, beside the content. */
function agreedOf({ message, permit }: PreparedContribution): AgreedView {
  const { rules, deadline, bond, bondSeconds } = message
  const told = { rules, deadline: String(deadline), bond: String(bond), bondSeconds: String(bondSeconds) }
  if (permit === undefined) return told
  const { owner, spender, value, nonce, deadline: until } = permit.message
  const numbers = { value: String(value), nonce: String(nonce), deadline: String(until) }
  return { ...told, permit: { token: permit.token, owner, spender, ...numbers } }
}

/** A shard that is stored here, and what its contributor signs. */
export function preparedOf(prepared: PreparedContribution) {
  const { cid, rows, bytes, salt, message } = prepared
  return { cid, rows, bytes, salt, commitment: message.commitment, ...agreedOf(prepared) }
}

export type BondSpending = Pick<Spending, 'keys' | 'paying'>

/**
 * Does what may lock so much of the owner's tokens, within its budgets.
 * @throws InvalidError `auth.rights` · LimitError `budget.day`
 */
export async function locking<T>(
  spending: BondSpending,
  key: string | undefined,
  most: bigint,
  run: () => Promise<T>
): Promise<T> {
  if (most === 0n) return run()
  const scopes = spending.keys().find(({ name }) => name === key)?.scopes
  // [reject] What locks tokens pays: a key needs the scope for that.
  if (key !== undefined && scopes?.includes('money') !== true)
    throw new InvalidError('auth.rights', `the key ${key} may lock no tokens`, {
      help: 'This takes a key with the scope money, or the token of the data folder.'
    })
  return spending.paying(key, most, run)
}

export function bondHandlers(
  { data }: Pick<Node, 'data'>,
  spending: BondSpending,
  which: Which
): Pick<Handlers, Names> {
  return {
    bonds: async ({ params: { contributor, ...page } }) =>
      mapPage(
        pageOf(await data.bonds(contributor as Address | undefined), page, ({ contribution }) => contribution),
        viewOf
      ),
    async bond({ params }) {
      const found = await data.bond(await which.contribution(params.id))
      if (found === undefined)
        throw new NotFoundError('bond.none', 'nothing is locked with this contribution', {
          help: '`tilth bonds` shows those that are open.'
        })
      return viewOf(found)
    },
    giveBack: async ({ params }) => viewOf(await data.giveBack(await which.contribution(params.id))),
    callSpam: async ({ params }) => viewOf(await data.callSpam(await which.contribution(params.id))),
    unsent: async ({ params }) =>
      mapPage(
        pageOf(await data.unsent(), params, ({ id }) => id),
        one => ({ ...one })
      ),
    async confirmContribution({ params, key, body: { bond = '0' } = {} }) {
      const most = BigInt(bond)
      const { id } = await locking(spending, key, most, () => data.confirm(params.id as Hex, most))
      return { id }
    }
  }
}
