import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { useCall } from '../../api/index.ts'
import { countText } from '../../formats/index.ts'
import { Amount, Read, Section, Table, Who } from '../../parts/index.ts'

/** Who decides, what each has at stake, and whether they look in time. */
export function Validators({ net }: { readonly net: DatanetView }) {
  const roster = useCall('roster', { id: net.id })
  return (
    <Section
      title="Who decides"
      note="Each validator has money at stake. Two different votes on one contribution cost all of it."
    >
      <Read from={roster} what="the validators">
        {({ validators, decided }) => (
          <Table
            label="Validators"
            items={validators}
            keyOf={({ address }) => address}
            columns={[
              { name: 'Validator', cell: ({ address }) => <Who account={address} /> },
              { name: 'Weight', number: true, cell: ({ weight }) => countText(weight) },
              { name: 'At stake', number: true, cell: ({ stake }) => <Amount of={stake} /> },
              {
                name: 'Looked in time at',
                number: true,
                cell: ({ reviewed }) =>
                  decided === 0 ? 'nothing yet' : `${countText(reviewed)} of ${countText(decided)}`
              },
              { name: 'Voted twice', number: true, cell: ({ doubleVotes }) => countText(doubleVotes) }
            ]}
          />
        )}
      </Read>
    </Section>
  )
}
