import type { ReactNode } from 'react'
import { places } from '../app/places.ts'
import { Button, Go, Notice } from '../parts/index.ts'
import type { SeatsFound } from './read-seats.ts'
import './seal-to.css'

/** All of an address: of a short one everybody can make a second that looks the same. */
function Whole({ address }: { readonly address: string }) {
  return (
    <span className="seal-to mono">
      <Go to={places.account(address)}>{address}</Go>
    </span>
  )
}

/** Before anything is sealed: which chain and contract were asked, and whom they name, for its owner to confirm. */
export function SealTo({
  seats: { members, host, witness, at },
  chain,
  withHost,
  isBusy,
  onSeal,
  onLeave
}: {
  readonly seats: SeatsFound
  /** Its id. */
  readonly chain: number
  /** Whether the host reads it as well. */
  readonly withHost: boolean
  readonly isBusy: boolean
  readonly onSeal: () => void
  readonly onLeave: () => void
}): ReactNode {
  const readers =
    withHost && members.every(({ address }) => address !== host) ? [...members, { address: host }] : members
  return (
    <Notice title="Nothing is sealed or sent yet. Nobody but these would read it:">
      <ul>
        {readers.map(({ address }) => (
          <li key={address}>
            <Whole address={address} /> {address === host && withHost ? 'hosts it' : 'sits there'}
          </li>
        ))}
      </ul>
      <p>
        So says {witness} of chain {chain}, by contract <Whole address={at} />.
      </p>
      <p>
        This node has named that contract: another one may name anybody. Compare it with what you know of this network
        from elsewhere.
      </p>
      <Button look="main" isDisabled={isBusy} onPress={onSeal}>
        Seal to these {readers.length} and send
      </Button>{' '}
      <Button look="quiet" isDisabled={isBusy} onPress={onLeave}>
        Seal nothing
      </Button>
    </Notice>
  )
}
