import type { ItemOf, Routes } from '../../../daemon/api/contract/index.ts'
import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { manyText } from '../../formats/index.ts'
import { Amount, Go, GoButton, Page as Frame, ReadList, Table, Who } from '../../parts/index.ts'
import { feePartsText } from './words.ts'

type Row = ItemOf<Routes['agents']>

/** Registered agents, and what a call costs. */
export function Page() {
  const agents = useList('agents', { limit: 24 })
  const { items = [], hasMore } = agents
  return (
    <Frame
      phase="models"
      above={<Go to={places.bazaar}>Bazaar</Go>}
      title={
        items.length === 0 || hasMore ? 'Agents made of models' : `${manyText(items.length, 'agent')} made of models`
      }
      lead={
        'An agent asks registered models in steps and has a fee and a split of its own. Each of its steps is paid ' +
        'to its own worker and data, and then its fee.'
      }
      actions={
        <GoButton look="main" to={places.newAgent}>
          Make an agent
        </GoButton>
      }
    >
      <ReadList
        from={agents}
        what="the agents"
        empty={{
          title: 'No agents yet.',
          children: <span>Anybody can make one of models that are registered; no code is run for it.</span>
        }}
      >
        {items => (
          <Table
            label="Agents"
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { name: 'Agent', cell: ({ id, name }: Row) => <Go to={places.agent(id)}>{name}</Go> },
              { name: 'Builder', cell: ({ builder }: Row) => <Who account={builder} /> },
              { name: 'Of its fee', cell: ({ split }: Row) => feePartsText(split) },
              {
                name: 'A call, beside its steps',
                number: true,
                cell: ({ price }: Row) => (price === null ? '–' : <Amount of={price} />)
              },
              { name: 'Taken by', number: true, cell: ({ offered }: Row) => manyText(offered, 'worker') }
            ]}
          />
        )}
      </ReadList>
    </Frame>
  )
}
