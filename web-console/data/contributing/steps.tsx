import type { ContributionView } from '../../../daemon/api/contract/views.ts'
import { isDecided } from './status.tsx'
import './contributing.css'

type Step = { readonly name: string; readonly state: 'done' | 'now' | 'next' | 'wrong' }

/** Every contribution goes the same way; where this one stands on it. */
function stepsOf(view: ContributionView): readonly Step[] {
  const { status, checks, cid } = view
  const isShown = cid !== null
  const isChecked = checks.length > 0
  const isOver = isDecided(view)
  const step = (name: string, done: boolean, now: boolean): Step => ({
    name,
    state: done ? 'done' : now ? 'now' : 'next'
  })
  const ending = status === 'accepted' ? 'Accepted' : status === 'rejected' ? 'Refused' : 'Came to nothing'
  return [
    step('On the chain', true, false),
    step('Rows shown', isShown, !isOver && !isShown),
    step('Checked', isChecked, !isOver && isShown && !isChecked),
    step('Voted on', isOver && status !== 'expired', status === 'voting' && isChecked),
    isOver ? { name: ending, state: status === 'accepted' ? 'done' : 'wrong' } : { name: 'Decided', state: 'next' }
  ]
}

/** How far a contribution has come. */
export function Steps({ view }: { readonly view: ContributionView }) {
  return (
    <ol className="contributed-steps" aria-label="How far it has come">
      {stepsOf(view).map(({ name, state }) => (
        <li
          key={name}
          className="contributed-step"
          data-state={state}
          {...(state === 'now' ? { 'aria-current': 'step' as const } : {})}
        >
          <span className="contributed-mark" aria-hidden="true">
            {state === 'done' ? '✓' : state === 'wrong' ? '×' : ''}
          </span>
          {name}
        </li>
      ))}
    </ol>
  )
}
