import type { ReactNode } from 'react'
import { useEffect } from 'react'
import type { Phase } from '../../protocol/flow.ts'
import './page.css'

interface PageProps {
  /** A sentence that says what is so: "Elements is learning from five people". */
  readonly title: string
  readonly lead?: ReactNode
  /** Buttons beside the title. */
  readonly actions?: ReactNode
  /** Where this page belongs, above the title. */
  readonly above?: ReactNode
  readonly phase?: Phase
  /** Dense pages use the whole width. */
  readonly wide?: boolean
  readonly children: ReactNode
}

/** A page: its title, which is also that of the browser's tab, a lead, and what it shows. */
export function Page({ title, lead, actions, above, phase, wide = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} – Tilth`
  }, [title])
  return (
    <article className={wide ? 'page page-wide' : 'page'} data-phase={phase}>
      <header className="page-head">
        <div>
          {above === undefined ? null : <p className="page-above">{above}</p>}
          <h1>{title}</h1>
          {lead === undefined ? null : <p className="page-lead">{lead}</p>}
        </div>
        {actions === undefined ? null : <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </article>
  )
}

interface SectionProps {
  readonly title: string
  readonly note?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** A part of a page under its own heading. */
export function Section({ title, note, actions, children }: SectionProps) {
  return (
    <section className="section" aria-label={title}>
      <header className="section-head">
        <h2>{title}</h2>
        {actions}
      </header>
      {note === undefined ? null : <p className="section-note">{note}</p>}
      {children}
    </section>
  )
}

/** Around what is one thing. */
export function Card({ phase, children }: { readonly phase?: Phase | 'wrong'; readonly children: ReactNode }) {
  return (
    <div className="card" data-phase={phase}>
      {children}
    </div>
  )
}

/** Names and what they are: `[['Licence', 'CC-BY-4.0'], …]`. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
