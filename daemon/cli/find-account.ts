import { InvalidError, NotFoundError, address } from '../../protocol/primitives/index.ts'
import type { ApiClient } from '../api/contract/index.ts'

/**
 * The account that was typed: whole, or as much of it as tables show and no other shares.
 * @throws NotFoundError `account.unknown` · InvalidError `id.ambiguous`
 */
export async function findAccount(api: ApiClient, typed: string): Promise<string> {
  // What is no part of an id is refused as it is, in words about what was typed.
  if (address.safeParse(typed).success || !/^0x[0-9a-f]/i.test(typed)) return typed
  const { found } = await api.call('find', { params: { text: typed } })
  const accounts = found.filter(({ kind }) => kind === 'account').map(({ id }) => id)
  const [only] = accounts
  if (only === undefined)
    throw new NotFoundError('account.unknown', `no account that begins with ${typed} is known here`, {
      help: 'Give all of it: 0x and 40 hexadecimal digits.'
    })
  if (accounts.length > 1)
    throw new InvalidError('id.ambiguous', `${typed} means several accounts: give more of it`, {
      help: `One of ${accounts.join(', ')}.`
    })
  return only
}
