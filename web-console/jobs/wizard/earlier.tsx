import type { JobView } from '../../../daemon/api/contract/views.ts'
import { places } from '../../app/places.ts'
import { numberText } from '../../formats/index.ts'
import { Go } from '../../parts/index.ts'

const addedText = ({ base, tuned }: { readonly base: number; readonly tuned: number }): string =>
  `The loss on its held-out questions fell from ${numberText(base)} to ${numberText(tuned)}. ` +
  `Each token of a right answer became ${numberText(Math.exp(base - tuned))} times as likely.`

/** What earlier jobs on the same data made of it: measured, not promised. */
export function Earlier({ jobs }: { readonly jobs: readonly JobView[] }) {
  const measured = jobs.filter(({ heldOutLoss }) => heldOutLoss !== null).slice(0, 3)
  if (measured.length === 0)
    return <p className="choice-note">No job of this node has been measured on it yet, so what it adds is not known.</p>
  return (
    <ul className="whys">
      {measured.map(({ id, heldOutLoss, version }) => (
        <li key={id}>
          <Go to={places.job(id)}>Version {version}</Go>
          <span>{heldOutLoss === null ? null : addedText(heldOutLoss)}</span>
        </li>
      ))}
    </ul>
  )
}
