import { useSyncExternalStore } from 'react'
import { agoText } from '../../formats/index.ts'
import { Button, Select } from '../../parts/index.ts'
import { conversations } from './store.ts'
import { wayOf } from './thread.ts'

interface EarlierProps {
  readonly model: string
  readonly current: string
  readonly onChoose: (conversation: string) => void
}

/** Conversations that this browser has kept. */
export function Earlier({ model, current, onChoose }: EarlierProps) {
  const all = useSyncExternalStore(conversations.watch, conversations.all)
  const own = all.filter(thread => thread.model === model)
  if (own.length === 0) return null
  const isKept = own.some(({ id }) => id === current)
  const fresh = { value: 'new', name: 'A new conversation' }
  return (
    <div className="chat-earlier">
      <Select
        label="Conversation"
        value={isKept ? current : 'new'}
        onChange={next => onChoose(next === 'new' ? '' : next)}
        options={[
          fresh,
          ...own.map(thread => ({
            value: thread.id,
            name: (wayOf(thread)[0]?.turn.text ?? 'Nothing yet').slice(0, 60),
            note: agoText(thread.at, Date.now())
          }))
        ]}
      />
      {isKept ? (
        <Button
          look="quiet"
          onPress={() => {
            conversations.remove(current)
            onChoose('')
          }}
        >
          Forget it
        </Button>
      ) : null}
    </div>
  )
}
