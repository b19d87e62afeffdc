import { useEffect, useRef } from 'react'
import { useSyncExternalStore } from 'react'
import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useParameter, useWord } from '../../app/use-place.ts'
import { agoText } from '../../formats/index.ts'
import { Amount, Button, Go, GoButton, Notice, Page as Frame, Read, Select } from '../../parts/index.ts'
import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { priceText } from '../bazaar/words.ts'
import { Composer } from './composer.tsx'
import { faultsOf, settingsOf } from './settings-form.ts'
import { Settings, useSettings } from './settings.tsx'
import { conversations } from './store.ts'
import { costOf, wayOf } from './thread.ts'
import { AnswerTurn, Question } from './turns.tsx'
import { useThread } from './use-thread.ts'
import './chat.css'

/** A conversation with a model, and under each answer who made it. */
export function Page() {
  const model = useCall('bazaarModel', { id: useParameter('id') })
  return (
    <Read from={model} what="the model">
      {found => <Chat model={found} />}
    </Read>
  )
}

function Chat({ model }: { readonly model: BazaarView }) {
  const [word, setWord] = useWord('conversation')
  const fresh = useRef(crypto.randomUUID())
  const id = word === '' ? fresh.current : word
  const [form, setForm] = useSettings()
  const { thread, running, say, again, choose } = useThread({
    id,
    model: model.id,
    modelName: model.name,
    settings: settingsOf(form)
  })
  const way = wayOf(thread)
  const isBusy = running !== undefined
  const end = useRef<HTMLDivElement>(null)
  const last = way.at(-1)?.turn
  useEffect(() => {
    // What comes is followed, unless one reads further up.
    const distance = document.documentElement.scrollHeight - innerHeight - scrollY
    if (isBusy && distance < 240) end.current?.scrollIntoView({ block: 'end' })
  }, [last?.text, isBusy])
  const begin = (text: string): void => {
    say(text, last?.id ?? null)
    if (word === '') setWord(id)
  }
  return (
    <Frame
      phase="models"
      above={<Go to={places.model(model.id)}>{model.name}</Go>}
      title={way.length === 0 ? `Ask ${model.name}` : `A conversation with ${model.name}`}
      lead={
        way.length === 0
          ? 'You pay for what is read and written, token by token, to whoever serves it, and to whoever’s data made it.'
          : undefined
      }
      actions={
        <>
          <Earlier
            model={model.id}
            current={id}
            onChoose={next => {
              fresh.current = crypto.randomUUID()
              setWord(next)
            }}
          />
          <GoButton to={places.compare([model.id])}>Compare with others</GoButton>
        </>
      }
    >
      <div className="chat">
        <div className="chat-turns">
          {way.map((shown, at) =>
            shown.turn.role === 'user' ? (
              <Question key={shown.turn.id} shown={shown} choose={choose} isBusy={isBusy} say={say} />
            ) : (
              <AnswerTurn
                key={shown.turn.id}
                shown={shown}
                choose={choose}
                asked={way[at - 1]?.turn.text ?? ''}
                isBusy={isBusy}
                again={again}
              />
            )
          )}
        </div>
        {model.offers.length === 0 ? (
          <Notice title={`Nobody serves ${model.name} now.`}>
            <p>
              It can be asked as soon as a worker offers it; this page hears of it by itself. A worker does with{' '}
              <code>tilth serve {model.name}</code>.
            </p>
          </Notice>
        ) : null}
        <div className="chat-foot">
          <Composer label={`Ask ${model.name}`} act="Ask" isBusy={isBusy} onSay={begin}>
            <Settings form={form} onChange={setForm} />
            {Object.keys(faultsOf(form)).length === 0 ? null : (
              <span className="composer-fault">A setting is wrong and counts as usual.</span>
            )}
            {running === undefined ? null : (
              <Button look="wrong" onPress={running.stop}>
                Stop
              </Button>
            )}
            <span className="composer-price">
              {costOf(thread) === 0n ? (
                priceText(model)
              ) : (
                <>
                  <Amount of={costOf(thread)} /> in this conversation
                </>
              )}
            </span>
          </Composer>
        </div>
        <div ref={end} />
      </div>
    </Frame>
  )
}

interface EarlierProps {
  readonly model: string
  readonly current: string
  readonly onChoose: (conversation: string) => void
}

/** Conversations that this browser has kept. */
function Earlier({ model, current, onChoose }: EarlierProps) {
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
