import { useMutation } from '@tanstack/react-query'
import { Button, Menu, MenuItem, MenuTrigger, Popover, Text } from 'react-aria-components'
import { api, useCall } from '../api/index.ts'
import { shortId } from '../formats/index.ts'
import { Amount } from '../parts/index.ts'
import { places } from './places.ts'
import { useGo } from './use-place.ts'

const everyMember = { limit: 50 }

/** The same page in another member's console; each has a session of its own. */
async function become(name: string): Promise<void> {
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
  const change = useMutation({ mutationFn: become })
  if (status.data === undefined) return null
  const { address, balance, roles } = status.data
  const members = identities.data?.items ?? []
  const own = members.find(({ self }) => self)
  const others = members.filter(({ self, name }) => !self && name !== null)
  const name = own?.name ?? shortId(address)
  return (
    <MenuTrigger>
      <Button className="identity">
        <span className="identity-who">
          <span className="visually-hidden">You are </span>
          <span className="identity-name">{name}</span>
          <span className="identity-roles">{change.error === null ? roles.join(', ') : change.error.message}</span>
        </span>
        <Amount of={balance} />
      </Button>
      <Popover className="float">
        <Menu
          className="options"
          aria-label="Who you are"
          onAction={key => {
            if (key === '') go(places.find(address))
            else change.mutate(String(key))
          }}
        >
          <MenuItem id="" className="option" textValue="Your account">
            <Text slot="label">Your account</Text>
            <Text slot="description">{shortId(address)}</Text>
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
