import { useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { countText } from '../formats/index.ts'
import { Go, Page as Frame, ReadList, Table } from '../parts/index.ts'

/** The Datanets that this node knows. */
export function Page() {
  const datanets = useList('datanets')
  return (
    <Frame title="Communities keep datasets here" phase="data" lead="A Datanet is a dataset with rules.">
      <ReadList from={datanets} what="the Datanets" empty={{ title: 'No Datanet is known yet.' }}>
        {items => (
          <Table
            label="Datanets"
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { name: 'Name', cell: ({ id, name }) => <Go to={places.datanet(id)}>{name}</Go> },
              { name: 'Accepted', number: true, cell: ({ accepted }) => countText(accepted) }
            ]}
          />
        )}
      </ReadList>
    </Frame>
  )
}
