import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import { clip } from '../check/check.ts'
import { countText } from '../../formats/index.ts'
import { differences } from './differences.ts'
import './row.css'

export interface Message {
  readonly role: string
  readonly content: string
}
export type Messages = readonly Message[]

/** Characters of a text that are shown before somebody asks for the rest. */
const shownCharacters = 600

interface WordsProps {
  readonly text: string
  /** What it is compared with: words that are not in it are marked. */
  readonly other?: string | undefined
}

/** A text of somebody's, as text: in its own direction, never taller than its lines, clipped until it is asked for. */
export function Words({ text, other }: WordsProps) {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? text : clip(text, shownCharacters)
  const pieces =
    other === undefined ? [{ text: shown, same: true }] : differences(shown, isWhole ? other : clip(other))[0]
  return (
    <>
      <p className="row-words" dir="auto">
        {pieces.map((piece, at) => (piece.same ? piece.text : <mark key={at}>{piece.text}</mark>))}
        {shown.length < text.length ? '…' : null}
      </p>
      {shown.length < text.length ? (
        <AriaButton
          className="row-more"
          onPress={() => {
            setWhole(true)
          }}
        >
          Show all {countText(text.length)} characters
        </AriaButton>
      ) : null}
    </>
  )
}

const names: Record<string, string> = { system: 'Told', user: 'Asks', assistant: 'Answers' }

interface RowTextProps {
  readonly messages: Messages
  /** Another row: words that it has not are marked. */
  readonly against?: Messages | undefined
}

/** A row: what it asks and what it answers, turn by turn. */
export function RowText({ messages, against }: RowTextProps) {
  return (
    <dl className="row-text">
      {messages.map(({ role, content }, at) => (
        <div key={at} data-role={role}>
          <dt>{names[role] ?? role}</dt>
          <dd>
            <Words text={content} {...(against === undefined ? {} : { other: against[at]?.content ?? '' })} />
          </dd>
        </div>
      ))}
    </dl>
  )
}
