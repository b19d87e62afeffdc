import { useState } from 'react'
import { durationText, manyText, numberText } from '../../formats/index.ts'
import { Amount, Button, Notice, Who } from '../../parts/index.ts'
import { AnswerCredit } from './answer-credit.tsx'
import { AnswerText } from './answer-text.tsx'
import { Composer } from './composer.tsx'
import type { AnswerFacts, Shown, Turn } from './thread.ts'

interface VersionsProps {
  readonly shown: Shown
  readonly choose: (parent: string | null, turn: string) => void
}

/** Where a turn has others in its place: which one is shown, and the way to the others. */
function Versions({ shown: { turn, versions }, choose }: VersionsProps) {
  const at = versions.indexOf(turn.id)
  if (versions.length < 2) return null
  const go = (by: number): void => {
    const next = versions[at + by]
    if (next !== undefined) choose(turn.parent, next)
  }
  return (
    <span className="versions">
      <Button look="quiet" aria-label="The version before" isDisabled={at === 0} onPress={() => go(-1)}>
        ‹
      </Button>
      {at + 1} of {versions.length}
      <Button look="quiet" aria-label="The next version" isDisabled={at === versions.length - 1} onPress={() => go(1)}>
        ›
      </Button>
    </span>
  )
}

interface QuestionProps extends VersionsProps {
  readonly isBusy: boolean
  readonly say: (text: string, parent: string | null) => void
}

/** What was asked; it can be asked otherwise, beside what followed on it. */
export function Question({ shown, choose, isBusy, say }: QuestionProps) {
  const [isEdited, setEdited] = useState(false)
  const { turn } = shown
  if (isEdited)
    return (
      <Composer
        label="Ask it otherwise"
        act="Ask"
        start={turn.text}
        isBusy={isBusy}
        onLeave={() => setEdited(false)}
        onSay={text => {
          setEdited(false)
          say(text, turn.parent)
        }}
      />
    )
  return (
    <div className="question">
      <p dir="auto">{turn.text}</p>
      <div className="turn-do">
        <Versions shown={shown} choose={choose} />
        <Button look="quiet" isDisabled={isBusy} onPress={() => setEdited(true)}>
          Edit
        </Button>
      </div>
    </div>
  )
}

interface AnswerProps extends VersionsProps {
  /** What it answers. */
  readonly asked: string
  readonly isBusy: boolean
  readonly again: (turn: Turn) => void
}

/** An answer: its text as it comes, what it costs, and who made it. */
export function AnswerTurn({ shown, choose, asked, isBusy, again }: AnswerProps) {
  const { turn } = shown
  const facts = turn.answer ?? { state: 'done' as const, receipts: [] }
  const receipt = facts.receipts.at(-1)
  const isComing = facts.state === 'coming'
  return (
    <div className="answer" data-state={facts.state}>
      {turn.text === '' && isComing ? (
        <p className="answer-waits" role="status">
          {facts.worker === undefined ? 'Looking for a worker' : 'The worker reads what was asked'}
        </p>
      ) : (
        <AnswerText text={turn.text} isComing={isComing} />
      )}
      {facts.state === 'failed' ? (
        <Notice kind="wrong" title={facts.fault ?? 'The answer did not come.'}>
          {facts.help === undefined ? null : <p>{facts.help}</p>}
        </Notice>
      ) : null}
      {receipt === undefined ? (
        <p className="answer-facts">
          <Cost facts={facts} />
        </p>
      ) : (
        <AnswerCredit receipt={receipt} text={`${asked}\n${turn.text}`} note={<Cost facts={facts} />} />
      )}
      <div className="turn-do">
        <Versions shown={shown} choose={choose} />
        {isComing ? null : (
          <>
            <Button look="quiet" isDisabled={isBusy} onPress={() => again(turn)}>
              Answer again
            </Button>
            <Button look="quiet" onPress={() => void navigator.clipboard.writeText(turn.text)}>
              Copy
            </Button>
          </>
        )}
      </div>
    </div>
  )
}

/** What an answer costs, so far or in the end. */
export function Cost({ facts }: { readonly facts: AnswerFacts }) {
  const { fee, outputTokens = 0, worker, state, ms, isPrivate = false } = facts
  if (fee === undefined) return null
  return (
    <span className="cost" aria-live="off">
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
