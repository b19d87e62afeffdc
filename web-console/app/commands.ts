import { useCall } from '../api/index.ts'
import { places } from './places.ts'

export interface Command {
  readonly id: string
  readonly name: string
  readonly note?: string
  readonly to: string
}

const pages: readonly Command[] = [
  { id: 'now', name: 'Now', note: 'What the network does', to: places.now },
  { id: 'datanets', name: 'Datanets', note: 'Datasets with rules', to: places.datanets },
  { id: 'factory', name: 'ModelFactory', note: 'Tune a model', to: places.factory },
  { id: 'bazaar', name: 'Bazaar', note: 'Models to ask', to: places.bazaar },
  { id: 'agents', name: 'Agents', note: 'Compositions of models', to: places.agents },
  { id: 'earnings', name: 'Earnings', note: 'What came in, and why', to: places.earnings },
  { id: 'explorer', name: 'Explorer', note: 'Anything by its id', to: places.explorer },
  { id: 'node', name: 'Node', note: 'This daemon, its peers and its log', to: places.node }
]
const few = { limit: 50 }

/** What the palette offers: pages, and the Datanets and models that this node knows best. Read when it is opened. */
export function useCommands(isOpen: boolean): readonly Command[] {
  const datanets = useCall('datanets', few, { enabled: isOpen })
  const models = useCall('models', few, { enabled: isOpen })
  return [
    ...pages,
    ...(datanets.data?.items ?? []).flatMap(({ id, name }) => [
      { id: `datanet ${id}`, name, note: 'Datanet', to: places.datanet(id) },
      { id: `contribute ${id}`, name: `Contribute to ${name}`, to: places.contribute(id) }
    ]),
    ...(models.data?.items ?? []).flatMap(({ id, name, agent }) =>
      agent === true
        ? [
            { id: `agent ${id}`, name, note: 'Agent', to: places.agent(id) },
            { id: `chat ${id}`, name: `Ask ${name}`, to: places.askAgent(id) }
          ]
        : [
            { id: `model ${id}`, name, note: 'Model', to: places.model(id) },
            { id: `chat ${id}`, name: `Ask ${name}`, to: places.chat(id) }
          ]
    )
  ]
}
