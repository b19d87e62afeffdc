import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Button as AriaButton } from 'react-aria-components'
import { api, useList } from '../api/index.ts'
import type { WhyAnswerView } from '../../daemon/api/contract/earnings.ts'
import { places } from '../app/places.ts'
import { amountText, shortId, weightText } from '../formats/index.ts'
import { Amount, Empty, Id, Read, ReadList, Section, When } from '../parts/index.ts'
import { Measured } from './measured.tsx'

interface OfShare {
  readonly account: string
  readonly pool: string
  readonly epoch: number
}

/** Where nothing was weighed, why. */
const unweighed = {
  weighed: 'None of this account’s rows is in the model that gave it.',
  'held-out': 'Scorers cannot see it, or it has no tokens: the money for it goes by held-out values.',
  none: 'Nothing is measured of its model, so the money for it is held.'
} as const

/** The rows of an account that are nearest to an answer, where what was asked is known here. */
function Rows({ receipt, account }: { readonly receipt: string; readonly account: string }) {
  const rows = useQuery({
    queryKey: ['nearestRows', receipt, account],
    queryFn: ({ signal }) =>
      api.call('nearestRows', { params: { id: receipt }, body: { contributor: account, limit: 3 }, signal })
  })
  return (
    <Read from={rows} what="the rows nearest to it">
      {({ rows: near }) =>
        near.length === 0 ? (
          <Empty title="None of its rows is near to what was asked." />
        ) : (
          <ul aria-label="The rows nearest to it">
            {near.map(({ contribution, line, messages }) => (
              <li key={`${contribution} ${line}`} className="near">
                {messages.map(({ content }, at) => (
                  <bdi key={String(at)} className={at === messages.length - 1 ? 'near-answer' : undefined}>
                    {content}
                  </bdi>
                ))}
                <span className="earnings-soft">
                  line {line} of <Id id={contribution} to={places.contribution(contribution)} />
                </span>
              </li>
            ))}
          </ul>
        )
      }
    </Read>
  )
}

const withoutWords = ({ full, without }: { full: number; without: number | null }): string =>
  without === null
    ? 'The model without just these rows was not measured; the weight follows from the ones that were.'
    : `Without these rows the model gives this answer with probability ${without.toFixed(2)} ` +
      `instead of ${full.toFixed(2)}.`

function Answer({ answer, account }: { readonly answer: WhyAnswerView; readonly account: string }) {
  const [isOpen, setOpen] = useState(false)
  const { receipt, name, division, fee, weight, counterfactual, measured, money, scoring, finishedAt, question } =
    answer
  const sum = BigInt(money)
  return (
    <li className="answer">
      <AriaButton
        className="answer-head"
        aria-expanded={isOpen}
        onPress={() => {
          setOpen(!isOpen)
        }}
      >
        <span className="answer-what">
          {question === null ? (
            <>
              An answer of <bdi>{name}</bdi> <span className="mono earnings-soft">{shortId(receipt)}</span>
            </>
          ) : (
            <bdi>{question}</bdi>
          )}
        </span>
        <span className="answer-weight">
          {weight === null ? (division === 'held-out' ? 'private' : 'not weighed') : weightText(weight)}
        </span>
        <span className="answer-money" data-sign={sum < 0n ? 'less' : sum > 0n ? 'more' : 'none'}>
          {sum === 0n ? 'nothing' : amountText(money)}
        </span>
      </AriaButton>
      {isOpen ? (
        <div className="answer-body">
          {measured === null ? (
            <p>{BigInt(scoring) > 0n ? 'This account weighed it, and its word counted.' : unweighed[division]}</p>
          ) : (
            <>
              <p>{withoutWords(measured)}</p>
              <Measured of="this very answer" {...measured} />
              {counterfactual === null ? null : (
                <p>
                  Held-out questions do not bear out whoever caused it. What does not count of it goes by what the model
                  would have said without them, to which these rows add {weightText(counterfactual)}.
                </p>
              )}
              <p className="calc">
                of {amountText(answer.dataFee)} for the data, by a weight of {weightText(weight ?? '0')}:{' '}
                {amountText(sum - BigInt(answer.heldOut) - BigInt(scoring))}, and {amountText(answer.heldOut)} by
                held-out values
              </p>
            </>
          )}
          {question === null ? (
            <p className="earnings-soft">
              What was asked stays between its client and its worker; this node was neither.
            </p>
          ) : (
            <Rows receipt={receipt} account={account} />
          )}
          <p className="earnings-soft">
            It cost <Amount of={fee} />, <When at={finishedAt} />. Receipt{' '}
            <Id id={receipt} to={places.receipt(receipt)} />
          </p>
        </div>
      ) : null}
    </li>
  )
}

/** The answers behind a share, what was measured of each, and what each brought. */
export function WhyAnswers({ of }: { readonly of: OfShare }) {
  const answers = useList('whyAnswers', { ...of, limit: 100 })
  return (
    <Section
      title="The answers that it came from"
      note="The weight is what this account’s rows added to the probability of an answer. Open one to see more."
    >
      <ReadList from={answers} what="the answers" empty={{ title: 'The epoch counts no answers.' }}>
        {items => (
          <ul className="answers">
            {items
              .toSorted((a, b) => (BigInt(a.money) < BigInt(b.money) ? 1 : BigInt(a.money) > BigInt(b.money) ? -1 : 0))
              .map(answer => (
                <Answer key={answer.receipt} answer={answer} account={of.account} />
              ))}
          </ul>
        )}
      </ReadList>
    </Section>
  )
}
