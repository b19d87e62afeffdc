import { useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { countText } from '../formats/index.ts'
import { Go, Page as Frame, ReadList, Table } from '../parts/index.ts'

/** Models to ask. */
export function Page() {
  const models = useList('models')
  return (
    <Frame title="Ask a model that people made" phase="models">
      <ReadList from={models} what="the models" empty={{ title: 'No model is registered yet.' }}>
        {items => (
          <Table
            label="Models"
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { name: 'Name', cell: ({ id, name }) => <Go to={places.model(id)}>{name}</Go> },
              { name: 'Workers', number: true, cell: ({ offers }) => countText(offers.length) }
            ]}
          />
        )}
      </ReadList>
    </Frame>
  )
}
