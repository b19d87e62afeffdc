import { NotFoundError, mapPage, pageOf } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { BondView as NodeBond, PreparedContribution } from '../../../node/data/index.ts'
import type { Node } from '../../../node/node.ts'
import type { AgreedView, BondView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

type Names = 'bonds' | 'bond' | 'giveBack' | 'callSpam' | 'unsent' | 'confirmContribution'

const viewOf = ({ amount, spoke, ...bond }: NodeBond): BondView => ({
  ...bond,
  amount: amount.toString(),
  spoke: [...spoke]
})

/** What its contributor has to sign of it, beside the content. */
export function agreedOf({ message, permit }: PreparedContribution): AgreedView {
  const { rules, deadline, bond, bondSeconds } = message
  const told = { rules, deadline: String(deadline), bond: String(bond), bondSeconds: String(bondSeconds) }
  if (permit === undefined) return told
  const { owner, spender, value, nonce, deadline: until } = permit.message
  const numbers = { value: String(value), nonce: String(nonce), deadline: String(until) }
  return { ...told, permit: { token: permit.token, owner, spender, ...numbers } }
}

export function bondHandlers({ data }: Pick<Node, 'data'>, which: Which): Pick<Handlers, Names> {
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
    confirmContribution: async ({ params, body: { bond = '0' } = {} }) => ({
      id: (await data.confirm(params.id as Hex, BigInt(bond))).id
    })
  }
}
