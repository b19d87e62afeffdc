import type { ReachStatus } from '../../daemon/api/contract/index.ts'
import { manyText } from '../formats/index.ts'
import { Chip, Id, Notice, Section, Table, When } from '../parts/index.ts'

const says: Readonly<Record<ReachStatus['state'], string>> = {
  open: 'Others can dial this node.',
  relayed: 'Others reach this node through a relay, which is slower.',
  closed: 'Others cannot dial this node.',
  unknown: 'Whether others can dial this node is not known yet: peers are asked to try.',
  local: 'This node is on a network of one machine: nobody outside is meant to dial it.'
}
const proofs: Readonly<Record<ReachStatus['addresses'][number]['proof'], string>> = {
  dialled: 'a peer dialled it',
  inbound: 'somebody came by it',
  relay: 'through a relay',
  announced: 'said in the settings',
  failed: 'peers tried in vain',
  none: 'not tried'
}

/** Whether others can dial this node, at which address, how that is known, and what to do if they cannot. */
export function Reach({ reach: { state, addresses, seenAt, asked, help } }: { readonly reach: ReachStatus }) {
  return (
    <Section title="Whether others reach it">
      <Notice kind={state === 'closed' ? 'wrong' : 'plain'} title={says[state]}>
        {help === undefined ? null : <p>{help}</p>}
        {asked === 0 && seenAt.length === 0 ? null : (
          <p>
            {manyText(asked, 'peer')} tried. {seenAt.length === 0 ? '' : `It is seen at ${seenAt.join(', ')}.`}
          </p>
        )}
      </Notice>
      {addresses.length === 0 ? null : (
        <Table
          label="Addresses of this node"
          items={addresses}
          keyOf={({ address }) => address}
          columns={[
            { name: 'Address', cell: ({ address }) => <code>{address}</code> },
            { name: 'Over', cell: ({ over }) => over },
            {
              name: 'How it is known',
              cell: ({ proof, by, at }) => (
                <span>
                  <Chip {...(proof === 'failed' ? { phase: 'wrong' as const } : {})}>{proofs[proof]}</Chip>
                  {by === undefined ? null : (
                    <>
                      {' '}
                      <Id id={by} />
                    </>
                  )}
                  {at === undefined ? null : (
                    <>
                      {' '}
                      <When at={at} />
                    </>
                  )}
                </span>
              )
            }
          ]}
        />
      )}
    </Section>
  )
}
