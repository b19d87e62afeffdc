import { useState } from 'react'
import type { StepView } from '../../../daemon/api/contract/ask-events.ts'
import { feeParts } from '../../../protocol/contracts/shares.ts'
import { places } from '../../app/places.ts'
import { shortId } from '../../formats/index.ts'
import { Amount, Button, Go, Table, Who } from '../../parts/index.ts'
import { AnswerCredit } from '../chat/answer-credit.tsx'
import { isOnData } from './words.ts'
import './agents.css'

interface AnswerStepsProps {
  readonly steps: readonly StepView[]
  /** What was asked and answered, to find the nearest rows by. */
  readonly text: string
}

/** What each step of an agent came to, whom it pays, and its receipts; the agent's own fee is the last. */
export function AnswerSteps({ steps, text }: AnswerStepsProps) {
  const [open, setOpen] = useState<string>()
  const shown = steps.find(({ name }) => name === open)
  const receipt = shown?.receipts.at(-1)
  return (
    <div className="agent-came">
      <Table
        label="What each step came to"
        items={steps}
        keyOf={({ name }) => name}
        columns={[
          {
            name: 'Step',
            cell: step => (
              <span className="agent-step-name">
                <b>{step.name}</b>
                {isOnData(step.datanet) && step.receipts.length > 0 ? (
                  <Button
                    look="quiet"
                    aria-expanded={open === step.name}
                    onPress={() => setOpen(open === step.name ? undefined : step.name)}
                  >
                    Whose rows
                  </Button>
                ) : null}
              </span>
            )
          },
          {
            name: 'Model',
            cell: ({ name, model, modelName }) => (
              <Go to={name === 'fee' ? places.agent(model) : places.model(model)}>
                {modelName === '' ? shortId(model) : modelName}
              </Go>
            )
          },
          {
            name: 'Tokens',
            number: true,
            cell: ({ inputTokens, outputTokens }) => `${inputTokens} + ${outputTokens}`
          },
          { name: 'Paid', number: true, cell: ({ fee }) => <Amount of={fee} /> },
          { name: 'Goes to', cell: step => <Credited step={step} /> },
          {
            name: 'Receipts',
            cell: ({ receipts }) =>
              receipts.length === 0 ? (
                'none was signed'
              ) : (
                <span className="agent-receipts">
                  {receipts.map(id => (
                    <Go key={id} to={places.receipt(id)} className="go mono">
                      {shortId(id)}
                    </Go>
                  ))}
                </span>
              )
          }
        ]}
      />
      {shown === undefined || receipt === undefined ? null : (
        <section aria-label={`Whose rows made the step ${shown.name}`}>
          <AnswerCredit receipt={receipt} text={text} note={<>the step {shown.name}</>} />
        </section>
      )}
    </div>
  )
}

/** Who has which part of what a step cost. */
function Credited({ step: { name, fee, split, datanet, builder, workers, upstream } }: { readonly step: StepView }) {
  const parts = feeParts(BigInt(fee), split, isOnData(datanet))
  return (
    <ul className="agent-parts">
      {parts.data === 0n ? null : (
        <li>
          <Amount of={parts.data} /> to <Go to={places.datanet(datanet)}>its data</Go>
        </li>
      )}
      {parts.builder === 0n || builder === '' ? null : (
        <li>
          <Amount of={parts.builder} /> to its builder <Who account={builder} />
        </li>
      )}
      {parts.worker === 0n ? null : (
        <li>
          <Amount of={parts.worker} /> to who {name === 'fee' ? 'takes it' : 'answered'}{' '}
          {workers.map((account, at) => (
            <span key={account}>
              {at === 0 ? '' : ' and '}
              <Who account={account} />
            </span>
          ))}
        </li>
      )}
      {parts.upstream === 0n || upstream === undefined ? null : (
        <li>
          <Amount of={parts.upstream} /> upstream to <Go to={places.model(upstream)}>{shortId(upstream)}</Go>
        </li>
      )}
    </ul>
  )
}
