import { useDeferredValue, useState } from 'react'
import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { regions } from '../../../protocol/models/region.ts'
import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useWord } from '../../app/use-place.ts'
import { manyText } from '../../formats/index.ts'
import { Button, GoButton, Page as Frame, ReadList, SearchField, Select, Switch } from '../../parts/index.ts'
import { ModelCard } from './model-card.tsx'
import './bazaar.css'

const orders = [
  { value: 'newest', name: 'Newest first' },
  { value: 'used', name: 'Most used first' },
  { value: 'quality', name: 'Best on held-out questions first' },
  { value: 'price', name: 'Cheapest first' }
] as const
const placesOffered = [
  { value: '', name: 'Anywhere' },
  ...regions.map(region => ({ value: region, name: `Says: ${region}` }))
]
const bitsOffered = [
  { value: '', name: 'Any weights' },
  { value: '8', name: 'Says: 8 bits or more' },
  { value: '16', name: 'Says: 16 bits or more' },
  { value: '32', name: 'Says: 32 bits' }
]
type Order = (typeof orders)[number]['value']

/** Models beside each other in one view. */
const mostCompared = 4

/** Models to ask: searched, filtered, ordered, and chosen to be compared. */
export function Page() {
  const [search, setSearch] = useWord('search')
  const [order, setOrder] = useWord('order')
  const [served, setServed] = useWord('served')
  const [datanet, setDatanet] = useWord('datanet')
  const [region, setRegion] = useWord('region')
  const [bits, setBits] = useWord('bits')
  const [chosen, setChosen] = useState<readonly string[]>([])
  const wanted = useDeferredValue(search)
  const chosenOrder: Order = orders.find(({ value }) => value === order)?.value ?? 'newest'
  const models = useList(
    'bazaar',
    {
      limit: 24,
      order: chosenOrder,
      served: served === 'yes' ? 'yes' : 'no',
      ...(wanted.trim() === '' ? {} : { search: wanted }),
      ...(datanet === '' ? {} : { datanet }),
      ...(placesOffered.some(({ value }) => value !== '' && value === region) ? { region } : {}),
      ...(bitsOffered.some(({ value }) => value !== '' && value === bits) ? { leastBits: Number(bits) } : {})
    },
    { keep: true }
  )
  const datanets = useList('datanets', { limit: 100 })
  const fields = [
    { value: '', name: 'Any Datanet' },
    ...(datanets.items ?? []).map(({ id, name }) => ({ value: id, name }))
  ]
  const toggle = (id: string): void =>
    setChosen(chosen.includes(id) ? chosen.filter(one => one !== id) : [...chosen, id].slice(-mostCompared))
  return (
    <Frame
      phase="models"
      title={titleOf(models.items)}
      lead={
        <>
          Each was grown from what people contributed, and pays them by what their rows add to each answer.{' '}
          <a className="go" href={places.alone}>
            Ask from a page alone
          </a>
          , with no daemon between.
        </>
      }
      actions={<GoButton to={places.agents}>Agents</GoButton>}
    >
      <div className="bazaar-filters">
        <SearchField label="Search models, bases and Datanets" value={search} onChange={setSearch} />
        <Select label="Grown on" options={fields} value={datanet} onChange={setDatanet} />
        <Select label="Served from" options={placesOffered} value={region} onChange={setRegion} />
        <Select label="In weights of" options={bitsOffered} value={bits} onChange={setBits} />
        <Select label="Order" options={orders} value={chosenOrder} onChange={setOrder} />
        <Switch isOn={served === 'yes'} onChange={isOn => setServed(isOn ? 'yes' : '')}>
          Served now
        </Switch>
      </div>
      <ReadList
        from={models}
        what="the models"
        empty={
          wanted === '' && datanet === '' && served === '' && region === '' && bits === ''
            ? {
                title: 'No model is registered yet.',
                children: <GoButton to={places.factory}>Make the first one</GoButton>
              }
            : { title: 'No model is like that.', children: <span>Fewer words or another Datanet may find one.</span> }
        }
      >
        {items => (
          <ul className="bazaar">
            {items.map(model => (
              <li key={model.id}>
                <ModelCard model={model} isChosen={chosen.includes(model.id)} onChoose={() => toggle(model.id)} />
              </li>
            ))}
          </ul>
        )}
      </ReadList>
      {chosen.length < 2 ? null : (
        <div className="bazaar-compare" role="status">
          <span>{manyText(chosen.length, 'model')} to compare</span>
          <Button look="quiet" onPress={() => setChosen([])}>
            None of them
          </Button>
          <GoButton look="main" to={places.compare(chosen)}>
            Compare them
          </GoButton>
        </div>
      )}
    </Frame>
  )
}

function titleOf(items: readonly BazaarView[] | undefined): string {
  const served = items?.filter(({ offers }) => offers.length > 0).length ?? 0
  return served === 0 ? 'Models that people made together' : `${manyText(served, 'model')} can be asked now`
}
