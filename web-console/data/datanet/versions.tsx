import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText } from '../../formats/index.ts'
import { Id, ReadList, Section, Table } from '../../parts/index.ts'

/** Versions that stand on chain: what models are grown from. */
export function Versions({ id }: { readonly id: string }) {
  const versions = useList('versions', { id })
  return (
    <Section
      title="Versions"
      note={
        'A version is everything accepted up to then. Its root is on chain, so nobody can change what a model ' +
        'was grown from.'
      }
    >
      <ReadList from={versions} what="the versions" empty={{ title: 'No version is on chain yet.' }}>
        {items => (
          <Table
            label="Versions"
            items={[...items].reverse()}
            keyOf={({ version }) => String(version)}
            columns={[
              { name: 'Version', cell: ({ version }) => countText(version) },
              { name: 'Contributions', number: true, cell: ({ count }) => countText(count) },
              { name: 'Root', cell: ({ root }) => <Id id={root} /> },
              { name: 'Manifest', cell: ({ cid }) => <Id id={cid} /> },
              {
                name: 'Transaction',
                cell: ({ transaction }) =>
                  transaction === undefined ? '–' : <Id id={transaction} to={places.find(transaction)} />
              }
            ]}
          />
        )}
      </ReadList>
    </Section>
  )
}
