import { useState } from 'react'
import type { PlanView } from '../../../daemon/api/contract/views.ts'
import type { JobDraft } from '../../../protocol/jobs/draft.ts'
import { useCall } from '../../api/index.ts'
import { durationText, manyText, plainAmount, smallestOf } from '../../formats/index.ts'
import { Amount, Card, Notice, Section, Select, TextField } from '../../parts/index.ts'

const deadlines = [3600, 4 * 3600, 24 * 3600, 3 * 86_400, 7 * 86_400] as const

/** A budget that leaves room where nobody has bid yet. */
const plainBudget = 10n * 10n ** 18n
export const budgetFor = ({ cost }: PlanView): bigint => {
  const estimated = BigInt(cost.budget)
  return cost.basis === 'rough' && estimated < plainBudget ? plainBudget : estimated
}

/** What is wrong with a budget, in words. */
export function budgetFault(budget: bigint | undefined, balance: bigint | undefined): string | undefined {
  if (budget === undefined || budget === 0n) return 'A budget is a number of TILTH, such as 0.2.'
  if (balance !== undefined && budget > balance)
    return `This account holds ${plainAmount(balance)} TILTH: give less, or bring tokens to it first.`
  return undefined
}

interface StepProps {
  readonly draft: JobDraft
  readonly change: (edits: Partial<JobDraft>) => void
  readonly plan: PlanView
}

const note =
  'Workers are paid what they bid, out of escrow on chain, when what they trained is measured to be good. ' +
  'What is not used never leaves your account.'

/** What it may cost, until when, and who chooses among the bids. */
export function BudgetStep({ draft, change, plan }: StepProps) {
  const status = useCall('status')
  const balance = status.data === undefined ? undefined : BigInt(status.data.balance)
  const { cost } = plan
  const total = BigInt(cost.adapter) + BigInt(cost.siblings)
  const budget = draft.budget === null ? budgetFor(plan) : BigInt(draft.budget)
  const room = budgetFor(plan)
  const [typed, setTyped] = useState<string>()
  const text = typed ?? plainAmount(budget).replaceAll('\u202f', '')
  const fault = budgetFault(smallestOf(text), balance)
  return (
    <>
      <Card phase="jobs">
        <div className="cost">
          <p className="cost-sum">
            about <Amount of={total} />
          </p>
          <p className="choice-note">
            <Amount of={cost.adapter} /> for the model itself and <Amount of={cost.siblings} /> for its siblings,
            trained without some of the rows, which show what each contributor adds. {durationText(cost.seconds)} of
            training.{' '}
            {cost.basis === 'bids'
              ? `Figured out from ${manyText(cost.bids, 'bid')} for the same base and Datanet.`
              : 'A rough guess by the sizes of base and data: nobody has bid for this base and Datanet yet.'}
          </p>
        </div>
      </Card>
      <Section title="The most it may cost" note={note}>
        <div className="wizard-fields">
          <TextField
            label="Budget in TILTH"
            number
            value={text}
            fault={fault}
            note={
              balance === undefined
                ? undefined
                : `This account holds ${plainAmount(balance)} TILTH. Room for a dearer worker: ${plainAmount(room)}.`
            }
            onChange={next => {
              setTyped(next)
              const amount = smallestOf(next)
              if (amount !== undefined && amount > 0n) change({ budget: amount.toString() })
            }}
          />
          <Select
            label="Ready by"
            note="After it, what was not finished costs nothing and comes back."
            value={String(draft.deadlineSeconds)}
            onChange={seconds => change({ deadlineSeconds: Number(seconds) })}
            options={[...new Set([...deadlines, draft.deadlineSeconds])].map(seconds => ({
              value: String(seconds),
              name: `${durationText(seconds)} from now`
            }))}
          />
          <Select
            label="Who chooses among the bids"
            note="Bids arrive within seconds."
            value={draft.byHand ? 'hand' : 'rule'}
            onChange={how => change({ byHand: how === 'hand' })}
            options={[
              {
                value: 'rule',
                name: 'The rule',
                note: 'the best of price times time gets the model, all share the rest'
              },
              { value: 'hand', name: 'I do', note: 'bids wait until you have chosen' }
            ]}
          />
        </div>
      </Section>
      {budget < total && fault === undefined ? (
        <div className="wizard-more">
          <Notice title="This budget is less than the job is expected to cost.">
            <p>Workers may not bid. A cheaper preset, or fewer passes, costs less.</p>
          </Notice>
        </div>
      ) : null}
    </>
  )
}
