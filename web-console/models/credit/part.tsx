import { useQuery } from '@tanstack/react-query'
import { NotFoundError } from '../../../protocol/primitives/errors.ts'
import { api } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { manyText, numberText, shareText, weightText } from '../../formats/index.ts'
import { Amount, Go, Read, Who, useNames } from '../../parts/index.ts'
import { Arithmetic } from './arithmetic.tsx'
import { partOf } from './shares.ts'
import type { Credit, Credits } from './shares.ts'
import { Steps } from './steps.tsx'
import { wordText } from './credit-bar.tsx'
import type { AnswerCredit } from './use-credit.ts'
import './credit.css'

const nearestShown = 4

interface PartProps {
  readonly credit: AnswerCredit
  readonly account: string
  /** What was asked and answered, where this browser has it: else the daemon looks in what it keeps. */
  readonly text?: string | undefined
  /** Left away where the page shows them beside it. */
  readonly withSteps?: boolean
}

/** What somebody's rows made of an answer: how much, which rows, by which arithmetic, and on to the money. */
export function PartOfAnswer({ credit, account, text, withSteps = true }: PartProps) {
  const nameOf = useNames()
  const { credits, proof, word } = credit
  const own = credits?.credits.find(one => one.account === account)
  if (credits === undefined || own === undefined || word === undefined) return <p>Nothing is known of this part.</p>
  const name = nameOf(account)
  return (
    <section className="part" aria-label={`The part of ${name}`}>
      <h2>
        {name}, {shareText(own.share)} of this answer
      </h2>
      <p className="part-why">{whyText(name, own, credits)}</p>
      <NearestRows receipt={proof.view.id} account={account} text={text} name={name} />
      <Arithmetic credit={credit} account={account} />
      <Money credit={credit} own={own} />
      <p className="part-word">{wordText[word]}</p>
      {withSteps ? <Steps proof={proof} /> : null}
      <p className="part-links">
        <Who account={account} /> <Go to={places.part(proof.view.id, account)}>A link to this part</Go>
      </p>
    </section>
  )
}

/** In a sentence, what would be without them. */
function whyText(name: string, { without, weight }: Credit, { full, base }: Credits): string {
  const likely = (value: number): string => numberText(value, 2)
  if (without !== null && without < full)
    return (
      `Without ${name}'s rows the model gives this answer with probability ${likely(without)} ` +
      `instead of ${likely(full)}.`
    )
  if (without !== null)
    return (
      `Others' rows carry this answer too: without ${name}'s the model gives it with probability ${likely(without)}, ` +
      `with them ${likely(full)}. Weighed against every group of contributors, they add ${likely(weight)}.`
    )
  return (
    `The base model gives this answer with probability ${likely(base)}, the tuned one with ${likely(full)}; ` +
    `of that ${name}'s rows add ${likely(weight)}.`
  )
}

/** What of the fee it comes to, as far as can be said before and after its epoch. */
function Money({ credit: { proof, word }, own }: { readonly credit: AnswerCredit; readonly own: Credit }) {
  const { dataFee, place, quality } = proof
  const held = quality?.values[own.account]
  const passes = held === undefined || BigInt(held) > 0n
  return (
    <p className="part-money">
      {passes ? (
        <>
          That is about <Amount of={partOf(dataFee, own.ofData)} /> of the <Amount of={dataFee} /> that this answer
          brings its data{word === 'worker' ? ', if scorers find the same' : ''}.
        </>
      ) : (
        <>This answer brings nothing all the same, since held-out answers are worse for these rows.</>
      )}{' '}
      {held === undefined ? null : <>On held-out questions they are worth {weightText(held)}. </>}
      {place === null ? null : <Go to={places.epoch(place.pool, place.epoch)}>What epoch {place.epoch} paid</Go>}
    </p>
  )
}

const acceptedText = (voters: number, validators: number): string => `accepted by ${voters} of ${validators}`

interface NearestProps {
  readonly receipt: string
  readonly account: string
  readonly name: string
  readonly text: string | undefined
}

function NearestRows({ receipt, account, name, text }: NearestProps) {
  const body = {
    contributor: account,
    limit: nearestShown,
    ...(text === undefined ? {} : { text: text.slice(0, 20_000) })
  }
  const rows = useQuery({
    // Rows of an anchored version do not change.
    queryKey: ['nearest rows', receipt, account, text ?? ''],
    queryFn: ({ signal }) =>
      api.call('nearestRows', {
        params: { id: receipt },
        body,
        signal
      }),
    retry: false
  })
  // Nobody keeps it longer than is promised: that is as it should be, and no failure.
  if (rows.error instanceof NotFoundError)
    return (
      <p className="part-none">
        {rows.error.message}. {rows.error.help}
      </p>
    )
  return (
    <Read from={rows} what="the nearest rows">
      {({ rows: list, compared, all }) =>
        list.length === 0 ? (
          <p className="part-none">No row of {name}'s shares a word with it: they taught how to answer.</p>
        ) : (
          <>
            <ul className="near-rows">
              {list.map(({ contribution, line, messages, overlap, voters, validators }) => (
                <li key={`${contribution} ${line}`} className="near-row">
                  {messages.map(({ role, content }, at) => (
                    <span key={at} className={`near-row-${role === 'assistant' ? 'answer' : 'question'}`}>
                      {content}
                    </span>
                  ))}
                  <small>
                    <Go to={places.contribution(contribution)}>row {line}</Go>, {acceptedText(voters, validators)},{' '}
                    {shareText(overlap / 1000)} alike
                  </small>
                </li>
              ))}
            </ul>
            {compared < all ? (
              <p className="part-none">
                The first {manyText(compared, 'row')} of {all} were compared.
              </p>
            ) : null}
          </>
        )
      }
    </Read>
  )
}
