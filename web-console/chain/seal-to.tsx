import type { ReactNode } from 'react'
import { places } from '../app/places.ts'
import { Button, Id, Notice } from '../parts/index.ts'
import type { SeatsFound } from './read-seats.ts'

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
    <Notice title="Nothing is sealed or sent yet. These would read it:">
      <p>
        {readers.map(({ address }, i) => (
          <span key={address}>
            {i === 0 ? null : ', '}
            <Id id={address} to={places.account(address)} />
          </span>
        ))}
        . So says {witness} of chain {chain}, by contract <Id id={at} to={places.account(at)} />.
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
