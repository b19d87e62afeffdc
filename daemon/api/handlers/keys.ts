import { pageOf } from '../../../protocol/primitives/index.ts'
import type { KeyState, Spending } from '../../spending/index.ts'
import type { KeyView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

const view = ({ name, madeAt, scopes, perRequest, perDay, spentToday, held, spent }: KeyState): KeyView => ({
  name,
  madeAt,
  scopes,
  perRequest: perRequest?.toString() ?? null,
  perDay: perDay?.toString() ?? null,
  spentToday: spentToday.toString(),
  held: held.toString(),
  spent: spent.toString()
})

const amountOf = (text: string | undefined): bigint | null => (text === undefined ? null : BigInt(text))

export const keyHandlers = (
  spending: Pick<Spending, 'keys' | 'add' | 'revoke'>
): Pick<Handlers, 'keys' | 'addKey' | 'revokeKey'> => ({
  keys: async ({ params }) => pageOf(spending.keys().map(view), params, ({ name }) => name),
  async addKey({ body: { name, scopes, perRequest, perDay } }) {
    const limits = { perRequest: amountOf(perRequest), perDay: amountOf(perDay) }
    const { key, state } = await spending.add(name, limits, scopes)
    return { ...view(state), key }
  },
  revokeKey: async ({ params: { name } }) => view(await spending.revoke(name))
})
