import { Mark } from '../parts/index.ts'
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
