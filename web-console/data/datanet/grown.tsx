import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText, manyText, shareText } from '../../formats/index.ts'
import { Go, GoButton, Empty, Loading, Section, Table } from '../../parts/index.ts'

/** Datanets that hold its rows among others': models grown from those owe to it, too. */
function Mixes({ of }: { readonly of: string }) {
  const datanets = useList('datanets', { limit: 200 })
  const mixes = datanets.items?.filter(({ parents }) => parents?.includes(of)) ?? []
  if (mixes.length === 0) return null
  return (
    <p>
      Its rows are in {manyText(mixes.length, 'mix', 'mixes')}, too; their models pay from a pool of their own:{' '}
      {mixes.map(({ id, name }, at) => (
        <span key={id}>
          {at === 0 ? '' : ', '}
          <Go to={places.datanet(id)}>{name}</Go>
        </span>
      ))}
      .
    </p>
  )
}

/** Models that were tuned on versions of it. */
export function Grown({ id }: { readonly id: string }) {
  const models = useList('models', { limit: 1000 })
  const grown = models.items?.filter(({ datanet }) => datanet === id)
  if (grown === undefined) return <Loading what="the models" />
  return (
    <Section title="Models grown from it" note="Each answer of theirs pays this Datanet’s pool its part of the price.">
      <Mixes of={id} />
      {grown.length === 0 ? (
        <Empty title="No model was grown from it yet.">
          <GoButton to={places.factory}>Make one</GoButton>
        </Empty>
      ) : (
        <Table
          label="Models"
          items={grown}
          keyOf={model => model.id}
          columns={[
            { name: 'Model', cell: model => <Go to={places.model(model.id)}>{model.name}</Go> },
            { name: 'Version', number: true, cell: ({ version }) => countText(version) },
            { name: 'Of its price to data', number: true, cell: ({ split }) => shareText(split.data / 10_000) },
            { name: 'Workers serving it', number: true, cell: ({ offers }) => countText(offers.length) }
          ]}
        />
      )}
    </Section>
  )
}
