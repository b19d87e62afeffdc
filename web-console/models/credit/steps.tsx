import { useMemo } from 'react'
import type { ReactNode } from 'react'
import type { ReceiptProofView } from '../../../daemon/api/contract/bazaar.ts'
import { places } from '../../app/places.ts'
import { manyText, shortId } from '../../formats/index.ts'
import { Go, When } from '../../parts/index.ts'
import { verify } from './verify.ts'
import type { Finding } from './verify.ts'
import './credit.css'

interface StepProps {
  readonly finding: Finding | 'waits'
  readonly children: ReactNode
}

const marks: Readonly<Record<Finding | 'waits', { mark: string; text: string }>> = {
  good: { mark: '✓', text: 'Checked here: ' },
  wrong: { mark: '✗', text: 'Wrong: ' },
  open: { mark: '·', text: '' },
  waits: { mark: '○', text: 'Not yet: ' }
}

function Step({ finding, children }: StepProps) {
  const { mark, text } = marks[finding]
  return (
    <li className="credit-step" data-finding={finding}>
      <span aria-hidden="true" className="credit-mark">
        {mark}
      </span>
      <span>
        <span className="visually-hidden">{text}</span>
        {children}
      </span>
    </li>
  )
}

function agreementText(agreeing: number, all: number): string {
  if (agreeing < all) return `of whom ${agreeing} agree`
  return all === 1 ? 'whose word stands' : 'who agree'
}

/** From the receipt to the transaction: each step a link, and a mark where this browser has checked it itself. */
export function Steps({ proof }: { readonly proof: ReceiptProofView }) {
  const findings = useMemo(() => verify(proof), [proof])
  const { view, scorings, place, division } = proof
  const agreeing = scorings.filter(({ agrees }) => agrees).length
  const signedWell = Object.values(findings.scorings).every(finding => finding === 'good')
  return (
    <ol className="credit-steps">
      <Step finding={findings.receipt}>
        <Go to={places.receipt(view.id)}>Receipt {shortId(view.id)}</Go>, signed by client and worker
        {findings.receipt === 'wrong' ? ': the signatures do not hold' : null}
      </Step>
      {division === 'weighed' ? (
        <Step finding={scorings.length === 0 ? 'waits' : signedWell ? 'good' : 'wrong'}>
          {scorings.length === 0
            ? 'Scorers have not weighed it yet'
            : `Weighed by ${manyText(scorings.length, 'scorer')}, ${agreementText(agreeing, scorings.length)}`}
        </Step>
      ) : null}
      {place === null && division === 'none' ? (
        <Step finding="open">Its model learnt from nobody’s rows, so no epoch counts it: its worker has the fee</Step>
      ) : place === null ? (
        <Step finding="waits">No epoch has taken it up yet: one is settled once fees wait for it</Step>
      ) : (
        <>
          <Step finding={place.proof === null ? 'open' : findings.place}>
            <Go to={places.epoch(place.pool, place.epoch)}>Epoch {place.epoch}</Go>{' '}
            {place.state === 'final' ? (
              'on chain, final'
            ) : (
              <>
                on chain, open to challenge until <When at={place.challengeEnds} />
              </>
            )}
          </Step>
          <Step finding={place.transaction === null ? 'waits' : 'open'}>
            {place.transaction === null ? (
              'Its transaction is not read from the chain yet'
            ) : (
              <Go to={places.transaction(place.transaction)}>Transaction {shortId(place.transaction)}</Go>
            )}
          </Step>
        </>
      )}
    </ol>
  )
}
