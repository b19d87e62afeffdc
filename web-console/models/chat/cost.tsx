import { durationText, manyText, numberText } from '../../formats/index.ts'
import { Amount, Who } from '../../parts/index.ts'
import type { AnswerFacts } from './thread.ts'

/** What an answer costs, so far or in the end. */
export function Cost({ facts }: { readonly facts: AnswerFacts }) {
  const { fee, outputTokens = 0, worker, state, ms, isPrivate = false } = facts
  if (fee === undefined) return null
  return (
    <span className="reply-cost" aria-live="off">
      <Amount of={fee} />
      {state === 'coming' ? ' so far' : ''} · {manyText(outputTokens, 'token')}
      {ms === undefined || outputTokens === 0
        ? null
        : ` in ${durationText(ms / 1000)} (${numberText((outputTokens * 1000) / Math.max(1, ms), 2)} a second)`}
      {worker === undefined ? null : (
        <>
          {' '}
          · <Who account={worker} />
        </>
      )}
      {isPrivate ? ' · private' : ''}
    </span>
  )
}
