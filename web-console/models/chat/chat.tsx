import { Navigate } from '@tanstack/react-router'
import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useParameter } from '../../app/use-place.ts'
import { GoButton, Notice, Read } from '../../parts/index.ts'
import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { priceText } from '../bazaar/words.ts'
import { Conversation } from './conversation.tsx'

/** A conversation with a model, and under each answer who made it. */
export function Page() {
  const model = useCall('bazaarModel', { id: useParameter('id') })
  return (
    <Read from={model} what="the model">
      {found => (found.agent === true ? <Navigate to={places.askAgent(found.id)} replace /> : <Chat model={found} />)}
    </Read>
  )
}

const lead =
  'You pay for what is read and written, token by token, to whoever serves it, and to whoever’s data made it.'

function Chat({ model }: { readonly model: BazaarView }) {
  const { id, name, offers } = model
  return (
    <Conversation
      of={{
        id,
        name,
        place: places.model(id),
        lead,
        price: priceText(model),
        actions: <GoButton to={places.compare([id])}>Compare with others</GoButton>,
        away:
          offers.length > 0 ? null : (
            <Notice title={`Nobody serves ${name} now.`}>
              <p>
                It can be asked as soon as a worker offers it; this page hears of it by itself. A worker does with{' '}
                <code>tilth serve {name}</code>.
              </p>
            </Notice>
          )
      }}
    />
  )
}
