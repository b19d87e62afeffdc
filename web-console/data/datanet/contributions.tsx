import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText } from '../../formats/index.ts'
import { Amount, Go, ReadList, Section, Table, When, Who } from '../../parts/index.ts'
import { partOf } from '../contributing/earned.tsx'
import { StatusChip } from '../contributing/status.tsx'

/** What was contributed, in the order of authorship, with what each earned. */
export function Contributions({ id }: { readonly id: string }) {
  const contributions = useList('contributions', { id })
  const worth = useList('worth', { id, limit: 1000 })
  const earned = (contributor: string, own: number | null): bigint | undefined => {
    const mine = worth.items?.find(({ account }) => account === contributor)
    return mine === undefined ? undefined : partOf(mine, own)
  }
  return (
    <Section
      title="In the order of authorship"
      note={
        'Whoever gave a row first keeps it: later ones are compared with it. Epochs pay accounts; a ' +
        'contribution’s part is by its share of the account’s rows.'
      }
    >
      <ReadList from={contributions} what="the contributions" empty={{ title: 'Nobody has contributed yet.' }}>
        {items => (
          <Table
            label="Contributions"
            items={items}
            keyOf={one => one.id}
            columns={[
              {
                name: 'Number',
                cell: one => <Go to={places.contribution(one.id)}>{countText(one.index ?? 0)}</Go>
              },
              { name: 'Contributor', cell: ({ contributor }) => <Who account={contributor} /> },
              { name: 'State', cell: one => <StatusChip {...one} /> },
              { name: 'Rows', number: true, cell: ({ rows }) => countText(rows) },
              {
                name: 'Taken',
                number: true,
                cell: ({ own, status }) => (status === 'accepted' && own !== null ? countText(own) : '–')
              },
              {
                name: 'Earned so far',
                number: true,
                cell: ({ contributor, own, status }) => {
                  const part = status === 'accepted' ? earned(contributor, own) : undefined
                  return part === undefined ? '–' : <Amount of={part} />
                }
              },
              { name: 'When', cell: ({ seenAt }) => <When at={seenAt} /> }
            ]}
          />
        )}
      </ReadList>
    </Section>
  )
}
