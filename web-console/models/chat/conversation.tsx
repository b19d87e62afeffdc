import { useEffect, useRef } from 'react'
import type { ReactNode } from 'react'
import { useWord } from '../../app/use-place.ts'
import { Amount, Button, Go, Page as Frame } from '../../parts/index.ts'
import { Composer } from './composer.tsx'
import { Earlier } from './earlier.tsx'
import { faultsOf, settingsOf } from './settings-form.ts'
import { Settings, useSettings } from './settings.tsx'
import { costOf, wayOf } from './thread.ts'
import { AnswerTurn, Question } from './turns.tsx'
import { useThread } from './use-thread.ts'
import './chat.css'

/** Who is asked: a model, or an agent made of some. */
export interface Asked {
  readonly id: string
  readonly name: string
  /** Its page, from `places`. */
  readonly place: string
  /** What one should know before the first question. */
  readonly lead: string
  readonly price: string
  readonly actions?: ReactNode
  /** Why it cannot be asked now, and what to do; null while it can. */
  readonly away: ReactNode
}

/** A conversation, and under each answer what it cost and who made it. */
export function Conversation({ of }: { readonly of: Asked }) {
  const [word, setWord] = useWord('conversation')
  const fresh = useRef(crypto.randomUUID())
  const id = word === '' ? fresh.current : word
  const [form, setForm] = useSettings()
  const { thread, running, say, again, choose } = useThread({
    id,
    model: of.id,
    modelName: of.name,
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
      above={<Go to={of.place}>{of.name}</Go>}
      title={way.length === 0 ? `Ask ${of.name}` : `A conversation with ${of.name}`}
      lead={way.length === 0 ? of.lead : undefined}
      actions={
        <>
          <Earlier
            model={of.id}
            current={id}
            onChoose={next => {
              fresh.current = crypto.randomUUID()
              setWord(next)
            }}
          />
          {of.actions}
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
        {of.away}
        <div className="chat-foot">
          <Composer label={`Ask ${of.name}`} act="Ask" isBusy={isBusy} onSay={begin}>
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
                of.price
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
