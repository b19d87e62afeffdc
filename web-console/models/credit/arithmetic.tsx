import { manyText, numberText, weightText } from '../../formats/index.ts'
import { Table, useNames } from '../../parts/index.ts'
import { stepsOf } from './coalitions.ts'
import type { Step } from './coalitions.ts'
import type { AnswerCredit } from './use-credit.ts'
import './credit.css'

const places3 = (value: number): string => numberText(Math.round(value * 1e4) / 1e4, 4)
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${places3(Math.abs(value))}`

/** How a weight comes about, each number of it. */
export function Arithmetic({ credit, account }: { readonly credit: AnswerCredit; readonly account: string }) {
  const nameOf = useNames()
  const { proof, credits, utilities, word } = credit
  const { measure } = proof
  const own = credits?.credits.find(one => one.account === account)
  if (measure === null || credits === undefined || own === undefined) return null
  if (word === 'held-out' || utilities === undefined)
    return (
      <div className="credit-calc">
        <p>
          held-out value {signed(own.weight)} of {places3(credits.full - credits.base)} that everybody adds
        </p>
      </div>
    )
  const player = measure.players.indexOf(account)
  const steps = stepsOf(player, measure.players, measure.coalitions, utilities)
  const together = (names: readonly string[]): string => (names.length === 0 ? 'nobody' : names.map(nameOf).join(', '))
  return (
    <details className="arithmetic">
      <summary>
        <span className="credit-calc">
          weight {signed(own.weight)} of {places3(credits.full)} − {places3(credits.base)} ={' '}
          {places3(credits.full - credits.base)}
        </span>
      </summary>
      {steps === undefined ? (
        <p>
          {manyText(measure.coalitions.length, 'group')} of contributors were measured, halves of all of them mostly.
          The weights of those whose rows may be about this answer, and of all others together, are the ones that fit
          what was measured best; together they are exactly what everybody's rows add. From the measured numbers anybody
          computes {weightText(String(Math.round(own.weight * 1e6)))} again.
        </p>
      ) : (
        <>
          <p>
            A model was trained for every group of contributors. Each line compares one group without and with{' '}
            {nameOf(account)}'s rows; the weighed mean of what they add is the weight (Shapley's value).
          </p>
          <Table
            label="What these rows add to each group"
            items={steps}
            keyOf={step => step.with.join()}
            columns={[
              { name: 'Together with', cell: (step: Step) => together(step.with) },
              { name: 'Without', number: true, cell: ({ before }: Step) => places3(before) },
              { name: 'With', number: true, cell: ({ after }: Step) => places3(after) },
              { name: 'Adds', number: true, cell: ({ before, after }: Step) => signed(after - before) },
              { name: 'Counts', number: true, cell: ({ counts }: Step) => places3(counts) }
            ]}
          />
          <p className="credit-calc">
            Σ = {signed(steps.reduce((sum, { before, after, counts }) => sum + (after - before) * counts, 0))}
          </p>
        </>
      )}
    </details>
  )
}
