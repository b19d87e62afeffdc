import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { ReactNode } from 'react'
import { shareText } from '../formats/index.ts'
import './owes.css'

export interface Part {
  readonly key: string
  readonly name: ReactNode
  /** For who hears it: the name as plain text. */
  readonly text: string
  /** Of one. */
  readonly share: number
  /** Drawn quietly: held-out values, the base model, what is nobody's. */
  readonly isRest?: boolean
}

interface OwesProps {
  /** "Who made this answer": what the whole bar is. */
  readonly title: ReactNode
  readonly parts: readonly Part[]
  /** On the right above the bar: its price, its worker. */
  readonly note?: ReactNode
  readonly selected?: string | undefined
  readonly onSelect?: (key: string) => void
}

/** The shades of one phase's colour that parts take, in the order of their share. */
const shades = 5

/** The credit bar: whose data something owes to, by share. The same bar for an answer, a model, an epoch, a year. */
export function Owes({ title, parts, note, selected, onSelect }: OwesProps) {
  const [hovered, setHovered] = useState<string>()
  const shadeOf = (at: number, { isRest = false }: Part): string => (isRest ? 'rest' : String(Math.min(at, shades - 1)))
  return (
    <div className="owes">
      <div className="owes-head">
        <span>{title}</span>
        {note === undefined ? null : <span>{note}</span>}
      </div>
      <div className="owes-bar" aria-hidden="true">
        {parts.map((part, at) =>
          part.share > 0 ? (
            <span
              key={part.key}
              className="owes-part"
              data-shade={shadeOf(at, part)}
              data-on={hovered === part.key || selected === part.key}
              style={{ flexGrow: Math.max(part.share, 0.004) }}
            />
          ) : null
        )}
      </div>
      <ul className="owes-names">
        {parts.map((part, at) => (
          <li key={part.key}>
            {onSelect === undefined || part.isRest === true ? (
              <span className="owes-name" data-shade={shadeOf(at, part)}>
                <b>{part.name}</b> {shareText(part.share)}
              </span>
            ) : (
              <AriaButton
                className="owes-name"
                data-shade={shadeOf(at, part)}
                aria-pressed={selected === part.key}
                onHoverChange={isOver => setHovered(isOver ? part.key : undefined)}
                onPress={() => onSelect(part.key)}
              >
                <b>{part.name}</b> {shareText(part.share)}
              </AriaButton>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}
