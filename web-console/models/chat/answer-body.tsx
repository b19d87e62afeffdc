import { Notice } from '../../parts/index.ts'
import { AnswerSteps } from '../agents/answer-steps.tsx'
import { AnswerCredit } from './answer-credit.tsx'
import { AnswerText } from './answer-text.tsx'
import { Cost } from './cost.tsx'
import type { AnswerFacts } from './thread.ts'

interface AnswerBodyProps {
  readonly text: string
  readonly facts: AnswerFacts
  /** What it answers. */
  readonly asked: string
}

/** An answer as it comes, why it does not, what it costs, and who made it. */
export function AnswerBody({ text, facts, asked }: AnswerBodyProps) {
  const receipt = facts.receipts.at(-1)
  const isComing = facts.state === 'coming'
  const { step, steps } = facts
  return (
    <>
      {text === '' && isComing ? (
        <p className="answer-waits" role="status">
          {step !== undefined
            ? `Step ${step.number} of ${step.of}: ${step.name}`
            : facts.worker === undefined
              ? 'Looking for a worker'
              : 'The worker reads what was asked'}
        </p>
      ) : (
        <AnswerText text={text} isComing={isComing} />
      )}
      {facts.state === 'failed' ? (
        <Notice kind="wrong" title={facts.fault ?? 'The answer did not come.'}>
          {facts.help === undefined ? null : <p>{facts.help}</p>}
        </Notice>
      ) : null}
      {receipt === undefined || steps !== undefined ? (
        <p className="answer-facts">
          <Cost facts={facts} />
        </p>
      ) : (
        <AnswerCredit receipt={receipt} text={`${asked}\n${text}`} note={<Cost facts={facts} />} />
      )}
      {steps === undefined ? null : <AnswerSteps steps={steps} text={`${asked}\n${text}`} />}
    </>
  )
}
