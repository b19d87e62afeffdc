import type { ReactNode } from 'react'
import { RowText } from './row-text.tsx'
import type { Messages } from './row-text.tsx'

interface SideProps {
  readonly title: ReactNode
  readonly messages: Messages | null
  readonly note?: ReactNode
}

/** Two rows side by side, the words that differ marked in both. */
export function Beside({ left, right }: { readonly left: SideProps; readonly right: SideProps }) {
  const side = ({ title, messages, note }: SideProps, other: Messages | null) => (
    <div className="beside-side">
      <p className="beside-title">{title}</p>
      {messages === null ? (
        <p className="beside-gone">Nobody gives this row’s text now.</p>
      ) : (
        <RowText messages={messages} {...(other === null ? {} : { against: other })} />
      )}
      {note === undefined ? null : <p className="beside-note">{note}</p>}
    </div>
  )
  return (
    <div className="beside">
      {side(left, right.messages)}
      {side(right, left.messages)}
    </div>
  )
}
