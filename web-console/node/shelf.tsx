import { useState } from 'react'
import type { MachineView } from '../../daemon/api/contract/index.ts'
import { places } from '../app/places.ts'
import { bytesText, manyText } from '../formats/index.ts'
import { Button, Chip, Empty, Go, Id, Section, Table, When } from '../parts/index.ts'

/** Shown before one asks for all of them. */
const few = 8

/** Base models and adapters on this disk: which, how large, and whether something needs them. */
export function Shelf({ machine: { models, leftOut, disk } }: { readonly machine: MachineView }) {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? models : models.slice(0, few)
  return (
    <Section
      title="Models on this disk"
      note={
        `${bytesText(disk.shelf.held)} of ${bytesText(disk.shelf.bytes)} are needed by something now. ` +
        'When room is needed, what nothing needs goes first, the one used longest ago before the others.'
      }
    >
      {models.length === 0 ? (
        <Empty title="None yet. A model is fetched when it is served, tuned or weighed." />
      ) : (
        <Table
          label="Models on this disk"
          items={shown}
          keyOf={({ cid }) => cid}
          columns={[
            {
              name: 'Model',
              cell: ({ of, cid }) =>
                of.length === 0 ? (
                  <Id id={cid} />
                ) : (
                  of.map(({ id, name }, at) => (
                    <span key={id}>
                      {at === 0 ? '' : ', '}
                      <Go to={places.model(id)}>{name}</Go>
                    </span>
                  ))
                )
            },
            { name: 'Kind', cell: ({ kind, own }) => `${kind}${own ? ', made here' : ''}` },
            {
              name: 'Needed',
              cell: ({ leases }) =>
                leases === 0 ? 'by nothing now' : <Chip phase="models">by {manyText(leases, 'thing')}</Chip>
            },
            { name: 'Used', cell: ({ usedAt }) => <When at={usedAt} /> },
            { name: 'Size', number: true, cell: ({ bytes }) => bytesText(bytes) }
          ]}
        />
      )}
      {shown.length === models.length ? null : (
        <Button look="quiet" onPress={() => setWhole(true)}>
          Show all {models.length}
        </Button>
      )}
      {leftOut === 0 ? null : <p>And {manyText(leftOut, 'smaller one')}.</p>}
    </Section>
  )
}
