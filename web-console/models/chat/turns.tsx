import { useState } from 'react'
import { Button } from '../../parts/index.ts'
import { AnswerBody } from './answer-body.tsx'
import { Composer } from './composer.tsx'
import type { Shown, Turn } from './thread.ts'

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
  const isComing = facts.state === 'coming'
  return (
    <div className="reply" data-state={facts.state}>
      <AnswerBody text={turn.text} facts={facts} asked={asked} />
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
