import { useCall } from '../api/index.ts'
import type { WhyShareView } from '../../daemon/api/contract/earnings.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { amountText, countText, manyText } from '../formats/index.ts'
import { Card, Go, GoButton, Notice, Owes, Page as Frame, Read, Section, Who, useNames } from '../parts/index.ts'
import { Arithmetic } from './arithmetic.tsx'
import { Measured } from './measured.tsx'
import { WhyAnswers } from './why-answers.tsx'
import './earnings.css'

const shareOf = (part: string, all: string): number => Number(BigInt(part)) / (Number(BigInt(all)) || 1)

/** The whole of it in three sentences. */
function inWords({
  rule,
  name,
  epoch,
  weighedAnswers,
  heldOutAnswers,
  dataFees,
  share,
  heldOutShare,
  scoringShare,
  vestedShare,
  why
}: WhyShareView) {
  const asked =
    heldOutAnswers === 0
      ? manyText(weighedAnswers, 'answer')
      : `${manyText(weighedAnswers, 'answer')} that scorers weighed and ${heldOutAnswers} that they could not see`
  if (rule !== 'paid') return `Epoch ${epoch} of ${name} shared out ${amountText(dataFees)} for ${asked}. ${why}`
  return (
    `${asked} and what waited before shared out ${amountText(dataFees)} for the data of ${name}. Each answer’s money ` +
    'goes to whose rows made it more probable, as far as held-out questions bear that out: ' +
    `${amountText(BigInt(share) - BigInt(heldOutShare) - BigInt(scoringShare) - BigInt(vestedShare))} to these. ` +
    'The rest goes by what ' +
    `everybody’s rows are worth on those questions: ${amountText(heldOutShare)}. ` +
    (BigInt(scoringShare) > 0n ? `Answers that it weighed brought it ${amountText(scoringShare)}. ` : '') +
    (BigInt(vestedShare) > 0n ? `Earlier epochs had kept ${amountText(vestedShare)} back for it. ` : '') +
    `So ${amountText(share)} is its part.`
  )
}

/** Why an epoch gives an account what it gives: in words, by what was measured, and by the arithmetic. */
export function Page() {
  const account = useParameter('account').toLowerCase()
  const pool = useParameter('pool')
  const epoch = Number(useParameter('epoch'))
  const why = useCall('whyShare', { account, pool, epoch })
  return (
    <Frame
      title={
        why.data === undefined
          ? 'Why this much?'
          : BigInt(why.data.share) > 0n
            ? `Why ${amountText(why.data.share)} from epoch ${epoch} of ${why.data.name}`
            : `Why epoch ${epoch} of ${why.data.name} gave nothing`
      }
      lead={
        <>
          By <Go to={places.epoch(pool, epoch)}>epoch {epoch}</Go> to <Who account={account} />
        </>
      }
      actions={
        <>
          <GoButton to={places.earningsOf(account)}>All that it earned</GoButton>
          <GoButton to={places.payout(account, pool, epoch)}>Its place on chain</GoButton>
        </>
      }
      phase="payouts"
    >
      <Read from={why} what="why it is so much">
        {view => (
          <>
            <Reason view={view} account={account} />
            <HeldOut view={view} />
            <More view={view} account={account} pool={pool} />
            <WhyAnswers of={{ account, pool, epoch }} />
          </>
        )}
      </Read>
    </Frame>
  )
}

function Reason({ view, account }: { readonly view: WhyShareView; readonly account: string }) {
  const { players, dataFees, held, keptByAll, vestedByAll } = view
  const all = String(BigInt(dataFees) + BigInt(vestedByAll))
  const nameOf = useNames()
  const paid = players.filter(({ share }) => BigInt(share) > 0n)
  return (
    <Card phase="payouts">
      <p className="why-words">{inWords(view)}</p>
      <Owes
        title={`Who earned what of ${amountText(all)}`}
        selected={account}
        parts={[
          ...paid.map(({ account: who, share }) => ({
            key: who,
            name: who === account ? 'this account' : <Who account={who} />,
            text: nameOf(who),
            share: shareOf(share, all)
          })),
          ...(BigInt(held) > 0n
            ? [
                {
                  key: 'held',
                  name: 'held for the next epoch',
                  text: 'held',
                  share: shareOf(held, all),
                  isRest: true
                }
              ]
            : []),
          ...(BigInt(keptByAll) > 0n
            ? [{ key: 'kept', name: 'kept back', text: 'kept back', share: shareOf(keptByAll, all), isRest: true }]
            : [])
        ]}
      />
      <Arithmetic view={view} />
    </Card>
  )
}

/** Whether its rows are right, by questions that nobody could train on. */
function HeldOut({ view: { gates, rule } }: { readonly view: WhyShareView }) {
  return (
    <Section
      title={rule === 'gate' ? 'Why its rows are not believed' : 'How far its rows are believed: held-out questions'}
      note="Rows are believed as far as they make right answers better to questions that stand in nobody’s."
    >
      {gates.length === 0 ? (
        <Notice title="None of the models of this epoch learnt rows of this account." />
      ) : (
        <div className="gates">
          {gates.map(
            ({ model, name, questions, value, calibration: _calibration, most: _most, part: _part, ...measured }) => (
              <Card key={model} phase={BigInt(value) > 0n ? 'data' : 'wrong'}>
                <p>
                  <Go to={places.model(model)}>{name}</Go>, {manyText(questions, 'question')}
                </p>
                <Measured of="the right answer" {...measured} />
              </Card>
            )
          )}
        </div>
      )}
    </Section>
  )
}

const leftText = (left: number): string => `${manyText(left, 'contribution has', 'contributions have')} left`

/** Its rows, and what would have earned more. */
function More({ view: { rows, advice, name }, account, pool }: { view: WhyShareView; account: string; pool: string }) {
  return (
    <Section title="What would have earned more">
      {rows === null ? null : (
        <p>
          {manyText(rows.contributions, 'contribution')} to <Go to={places.datanet(pool)}>{name}</Go> with{' '}
          {manyText(rows.rows, 'row')}
          {rows.own === null ? '' : `, of which ${countText(rows.own)} count as its own`}.{' '}
          {rows.left === 0 ? '' : `${leftText(rows.left)} since: what they brought stays paid. `}
          <Go to={places.account(account)}>See them</Go>
        </p>
      )}
      <ul className="advice">
        {advice.length === 0 ? (
          <li>
            Nothing stands in its way: its rows carried more than anybody’s. More answers that need them would bring
            more, and so would rows about what the model still gets wrong.
          </li>
        ) : (
          advice.map(({ code, text }) => <li key={code}>{text}</li>)
        )}
      </ul>
    </Section>
  )
}
