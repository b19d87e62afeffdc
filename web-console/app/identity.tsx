import { useMutation } from '@tanstack/react-query'
import { Button, Menu, MenuItem, MenuTrigger, Popover, Text } from 'react-aria-components'
import { api, useCall } from '../api/index.ts'
import { shortId } from '../formats/index.ts'
import { Amount } from '../parts/index.ts'
import { actAs, useActing } from '../wallets/acting.ts'
import { places } from './places.ts'
import { useGo } from './use-place.ts'

const everyMember = { limit: 50 }

/** The same page in another member's console; each has a session of its own. */
async function become(name: string): Promise<void> {
  actAs(undefined)
  const { url } = await api.call('identitySession', { params: { name } })
  const there = new URL(url)
  there.pathname = location.pathname
  there.search = location.search
  location.assign(there)
}

/** Who acts here and what they hold; on a local network, whom one can be instead. */
export function Identity() {
  const status = useCall('status')
  const identities = useCall('identities', everyMember)
  const go = useGo()
  const acting = useActing()
  const change = useMutation({ mutationFn: become })
  if (status.data === undefined) return null
  const { address, roles } = status.data
  const members = identities.data?.items ?? []
  const own = members.find(({ self }) => self)
  // A person may have gone since: with the folder of the network.
  const person = members.find(one => one.person && one.name !== null && one.name === acting?.name)
  const others = members.filter(one => one.name !== null && (person === undefined ? !one.self : one !== person))
  const name = person?.name ?? own?.name ?? shortId(address)
  const act = (wanted: string): void => {
    const found = members.find(one => one.name === wanted)
    if (wanted === '') go(places.find(person?.address ?? address))
    else if (found?.person === true) actAs({ name: wanted, address: found.address })
    else if (found?.self === true) actAs(undefined)
    else change.mutate(wanted)
  }
  const does = person === undefined ? roles.join(', ') : 'contributor'
  return (
    <MenuTrigger>
      <Button className="identity">
        <span className="identity-who">
          <span className="visually-hidden">You are </span>
          <span className="identity-name">{name}</span>
          <span className="identity-roles">{change.error === null ? does : change.error.message}</span>
        </span>
        {person === undefined ? <Amount of={status.data.balance} /> : <Balance of={person.address} />}
      </Button>
      <Popover className="float">
        <Menu className="options" aria-label="Who you are" onAction={key => act(String(key))}>
          <MenuItem id="" className="option" textValue="Your account">
            <Text slot="label">Your account</Text>
            <Text slot="description">{shortId(person?.address ?? address)}</Text>
          </MenuItem>
          {others.map(member => (
            <MenuItem key={member.name} id={member.name ?? ''} className="option" textValue={`Be ${member.name}`}>
              <Text slot="label">Be {member.name}</Text>
              <Text slot="description">{member.roles.join(', ')}</Text>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

/** What somebody without a daemon holds. */
function Balance({ of }: { readonly of: string }) {
  const account = useCall('account', { id: of })
  return account.data === undefined ? null : <Amount of={account.data.balance} />
}
