import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { hundredths } from '../../../protocol/payouts/rank.ts'
import { useCall, useList } from '../../api/index.ts'
import { countText } from '../../formats/index.ts'
import { Amount, Read, Section, Table, Who } from '../../parts/index.ts'

/** Who decides, what each has at stake, and whether they look in time. */
export function Validators({ net }: { readonly net: DatanetView }) {
  const roster = useCall('roster', { id: net.id })
  const ranks = useList('validatorRanks', { datanet: net.id, limit: 1000 })
  const borneOut = (account: string): string => {
    const found = ranks.items?.find(({ validator }) => validator === account)
    if (found === undefined || found.borneOut + found.refuted === 0) return 'nothing yet'
    return `${hundredths(BigInt(found.rank))} (${found.borneOut} of ${found.borneOut + found.refuted})`
  }
  return (
    <Section
      title="Who decides"
      note={
        'Each validator has money at stake. Two different votes on one contribution cost all of it. Borne out: how ' +
        'surely a vote goes the way that held-out answers went later; missed votes count as wrong.'
      }
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
              { name: 'Borne out', number: true, cell: ({ address }) => borneOut(address) },
              { name: 'Voted twice', number: true, cell: ({ doubleVotes }) => countText(doubleVotes) }
            ]}
          />
        )}
      </Read>
    </Section>
  )
}
