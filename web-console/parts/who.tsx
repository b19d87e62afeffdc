import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { shortId } from '../formats/index.ts'
import { Id } from './id.tsx'

const everybody = { limit: 200 }

/** What accounts are called on this machine; of those that have no name here, their short address. */
export function useNames(): (account: string) => string {
  const { data } = useCall('accountNames', everybody)
  return account =>
    data?.items.find(({ address }) => address.toLowerCase() === account.toLowerCase())?.name ?? shortId(account)
}

/** An account by its name, a link to its page. */
export function Who({ account }: { readonly account: string }) {
  const name = useNames()(account)
  const to = places.account(account)
  return name === shortId(account) ? <Id id={account} to={to} /> : <Id id={account} to={to} name={name} />
}
