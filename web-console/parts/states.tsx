import type { ReactNode } from 'react'
import { TilthError } from '../../protocol/primitives/errors.ts'
import { Button } from './button.tsx'
import './states.css'

/** While something is read: the shape of what will come, and words for who cannot see it. */
export function Loading({ what, lines = 3 }: { readonly what: string; readonly lines?: number }) {
  return (
    <div className="loading" role="status" aria-busy="true">
      <span className="visually-hidden">Reading {what}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className="loading-line" aria-hidden="true" />
      ))}
    </div>
  )
}

interface EmptyProps {
  /** A sentence that says what is not there yet. */
  readonly title: string
  /** What one can do about it. */
  readonly children?: ReactNode
}

/** A list with nothing in it, and what one can do. */
export function Empty({ title, children }: EmptyProps) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children === undefined ? null : <div className="empty-do">{children}</div>}
    </div>
  )
}

/** What failed, what is safe, what to do. */
export function Failure({ error, again }: { readonly error: Error; readonly again?: (() => void) | undefined }) {
  const help = error instanceof TilthError ? error.help : undefined
  return (
    <Notice kind="wrong" title={sentence(error.message)}>
      {help === undefined ? null : <p>{help}</p>}
      {again === undefined ? null : <Button onPress={again}>Try again</Button>}
    </Notice>
  )
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

interface NoticeProps {
  readonly kind?: 'plain' | 'wrong'
  readonly title: string
  readonly children?: ReactNode
}

/** Something to know before going on. */
export function Notice({ kind = 'plain', title, children }: NoticeProps) {
  return (
    <div className={`notice notice-${kind}`} role={kind === 'wrong' ? 'alert' : 'note'}>
      <p className="notice-title">{title}</p>
      {children}
    </div>
  )
}
