import type { AgentView } from '../../../daemon/api/contract/agents.ts'
import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useParameter } from '../../app/use-place.ts'
import { Notice, Read } from '../../parts/index.ts'
import { Conversation } from '../chat/conversation.tsx'
import { awayText, costText } from './words.ts'

/** A conversation with an agent, and under each answer what its steps came to. */
export function Page() {
  const agent = useCall('agent', { id: useParameter('id') })
  return (
    <Read from={agent} what="the agent">
      {found => <Chat agent={found} />}
    </Read>
  )
}

function Chat({ agent }: { readonly agent: AgentView }) {
  const { id, name } = agent
  const status = useCall('status')
  const away = awayText(agent, status.data?.address)
  return (
    <Conversation
      of={{
        id,
        name,
        place: places.agent(id),
        lead: 'Each of its steps is paid to its own worker and data, and then its fee.',
        price: costText(agent),
        away:
          away === undefined ? null : (
            <Notice title={away.title}>
              <p>{away.help}</p>
            </Notice>
          )
      }}
    />
  )
}
