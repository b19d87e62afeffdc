import type { StatusView } from '../../daemon/api/contract/index.ts'
import { places } from '../app/places.ts'
import { countText } from '../formats/index.ts'
import { Unserve } from '../models/model/serve-here.tsx'
import { Amount, Go, Table } from '../parts/index.ts'

/** Bases of which this machine offers every model, each by one offer. */
export function Whole({ bases }: { readonly bases: NonNullable<StatusView['servingAll']> }) {
  if (bases.length === 0) return null
  return (
    <div className="overview-whole">
      <Table
        label="Bases of which it offers every model"
        items={bases}
        keyOf={({ base }) => base}
        columns={[
          {
            name: 'Every model over the base of',
            cell: ({ model, name }) => <Go to={places.model(model)}>{name}</Go>
          },
          { name: 'A token read', number: true, cell: ({ inputPrice }) => <Amount of={inputPrice} /> },
          { name: 'A token written', number: true, cell: ({ outputPrice }) => <Amount of={outputPrice} /> },
          {
            name: 'Speed',
            number: true,
            cell: ({ tokensPerSecond }) => `${countText(tokensPerSecond)} tokens a second`
          },
          { name: 'Change', cell: ({ model }) => <Unserve model={model} all act="Serve them no more" /> }
        ]}
      />
    </div>
  )
}
