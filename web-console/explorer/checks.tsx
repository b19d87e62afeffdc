import type { Check } from './verify.ts'

/** What this browser found out for itself, each with whether it holds. */
export function Checks({ checks }: { readonly checks: readonly Check[] }) {
  return (
    <ul className="checks" aria-label="Checked in this browser">
      {checks.map(({ what, holds, found }) => (
        <li key={what} className="check" data-holds={holds}>
          <Mark holds={holds} />
          <span>
            <b>{what}</b> {holds ? 'holds' : 'does not hold'}. <span className="check-found">{found}</span>
          </span>
        </li>
      ))}
    </ul>
  )
}

/** A tick, or a cross. */
export function Mark({ holds }: { readonly holds: boolean }) {
  return (
    <svg className="mark" viewBox="0 0 16 16" aria-hidden="true" data-holds={holds}>
      {holds ? <path d="M3 8.5l3.2 3L13 4.5" /> : <path d="M4 4l8 8M12 4l-8 8" />}
    </svg>
  )
}
