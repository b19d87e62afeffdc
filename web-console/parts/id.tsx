import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import { shortId } from '../formats/index.ts'
import { places } from '../app/places.ts'
import { Go } from './button.tsx'
import './id.css'

interface IdProps {
  readonly id: string
  /** Its page, from `places`; the explorer's unless given. */
  readonly to?: string
  /** What it is called, shown in the id's place. */
  readonly name?: string
}

/** An id, short, a link to its page, with a button that copies it whole. */
export function Id({ id, to, name }: IdProps) {
  const [copied, setCopied] = useState(false)
  const copy = (): void => {
    void navigator.clipboard.writeText(id).then(() => {
      setCopied(true)
      setTimeout(() => {
        setCopied(false)
      }, 1_500)
    })
  }
  return (
    <span className="id">
      <span title={id}>
        <Go to={to ?? places.find(id)} className={name === undefined ? 'id-text mono' : 'id-text'}>
          {name ?? shortId(id)}
        </Go>
      </span>
      <AriaButton className="id-copy" aria-label={copied ? 'Copied' : `Copy ${name ?? shortId(id)}`} onPress={copy}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          {copied ? <path d="M3 8.5l3.2 3L13 4.5" /> : <path d="M5.5 5.5h8v8h-8zM10.5 2.5h-8v8" />}
        </svg>
      </AriaButton>
    </span>
  )
}
