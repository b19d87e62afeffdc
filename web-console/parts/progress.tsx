import { Label, ProgressBar } from 'react-aria-components'
import { shareText } from '../formats/index.ts'
import './progress.css'

/** How far something is, of one. */
export function Progress({ label, share }: { readonly label: string; readonly share: number }) {
  return (
    <ProgressBar className="progress" value={share * 100}>
      <Label>{label}</Label>
      <span>{shareText(share)}</span>
      <span className="progress-track" aria-hidden="true">
        <span className="progress-done" style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
    </ProgressBar>
  )
}
