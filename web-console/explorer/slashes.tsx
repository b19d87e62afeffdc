import { useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { Amount, Id, ReadList, Section, Table, When, Who } from '../parts/index.ts'

interface SlashesProps {
  /** Of one node; of all without. */
  readonly node?: string
  /** Whether the section says so where no stake was taken, or is not there. */
  readonly quiet?: boolean
}

/** Stakes that were taken: whose, how much, for what, by whom. */
export function Slashes({ node, quiet = false }: SlashesProps) {
  const slashes = useList('slashes', { limit: 10, ...(node === undefined ? {} : { node }) })
  if (quiet && (slashes.items ?? []).length === 0) return null
  return (
    <Section
      title={node === undefined ? 'Stakes that were taken' : 'Its stake was taken'}
      note={
        'Whoever signs two different votes on one contribution loses all that it has at stake, and whoever proposes ' +
        'an epoch that is shown to be false what stands behind it; who was drawn as a juror or a scorer and shows ' +
        'nothing loses a part. A tenth at most goes to who showed it, the rest is burnt.'
      }
    >
      <ReadList
        from={slashes}
        what="the stakes that were taken"
        empty={{ title: 'None: nobody was shown to have done wrong.' }}
      >
        {items => (
          <Table
            label="Stakes that were taken"
            items={items}
            keyOf={({ transaction, node: slashed }) => `${transaction} ${slashed}`}
            columns={[
              { name: 'Node', cell: ({ node: slashed }) => <Who account={slashed} /> },
              { name: 'Lost', number: true, cell: ({ amount }) => <Amount of={amount} /> },
              {
                name: 'For',
                cell: ({ contribution, because }) =>
                  contribution === null ? (
                    'nothing that a contribution names'
                  ) : (
                    <>
                      {because === 'absent-juror' ? 'no vote on the jury of' : 'two votes on'}{' '}
                      <Id id={contribution} to={places.contribution(contribution)} />
                    </>
                  )
              },
              {
                name: 'Shown by',
                cell: ({ reporter, reward }) =>
                  reward === '0' ? 'nobody who is paid for it' : <Who account={reporter} />
              },
              {
                name: 'Transaction',
                cell: ({ transaction }) => <Id id={transaction} to={places.transaction(transaction)} />
              },
              {
                name: 'When',
                number: true,
                cell: ({ at, block }) => (at === null ? `block ${block}` : <When at={at} />)
              }
            ]}
          />
        )}
      </ReadList>
    </Section>
  )
}
