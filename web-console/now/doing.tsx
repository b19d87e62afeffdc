import type { ReactNode } from 'react'
import type { DoingView } from '../../daemon/api/contract/flow.ts'
import { places } from '../app/places.ts'
import { countText, durationText, manyText, numberText } from '../formats/index.ts'
import { Amount, Chip, Go, Id, Progress, When, Who, useNow } from '../parts/index.ts'

type Of<K extends DoingView['kind']> = { readonly of: Extract<DoingView, { kind: K }> }

/** One thing that is under way, whichever kind it is. */
export function Doing({ of }: { readonly of: DoingView }) {
  switch (of.kind) {
    case 'contribution':
      return <Voting of={of} />
    case 'job':
      return <Asked of={of} />
    case 'training':
      return <Learning of={of} />
    case 'answer':
      return <Answering of={of} />
    case 'offer':
      return <Offered of={of} />
    case 'epoch':
      return <Settling of={of} />
  }
}

function Thing({ left, right, children }: { left: ReactNode; right?: ReactNode; children?: ReactNode }) {
  return (
    <div className="doing">
      <div className="doing-head">
        <span>{left}</span>
        <span>{right}</span>
      </div>
      {children}
    </div>
  )
}

function Voting({ of }: Of<'contribution'>) {
  const { id, name, contributor, rows, accepting, rejecting, committed, total, closesAt } = of
  const sealed = Math.max(0, committed - accepting - rejecting)
  const votes = [
    ...Array.from({ length: accepting }, () => 'for'),
    ...Array.from({ length: rejecting }, () => 'against'),
    ...Array.from({ length: sealed }, () => 'sealed')
  ].slice(0, total)
  const open = [...votes, ...Array.from({ length: Math.max(0, total - votes.length) }, () => 'none')].slice(0, 60)
  return (
    <Thing
      left={
        <>
          <Go to={places.contribution(id)}>{rows === 0 ? 'A file' : manyText(rows, 'row')}</Go> for{' '}
          <Go to={places.datanet(of.datanet)}>{name}</Go> from <Who account={contributor} />
        </>
      }
      right={
        closesAt === null ? null : (
          <>
            closes <When at={closesAt} />
          </>
        )
      }
    >
      <div
        className="doing-votes"
        role="img"
        aria-label={`${accepting} for, ${rejecting} against, ${sealed} sealed, of ${total}`}
      >
        {open.map((vote, at) => (
          <span key={at} className="doing-vote" data-vote={vote} />
        ))}
      </div>
    </Thing>
  )
}

function Asked({ of: { job, state, builder, bids, refusals, budget, deadline } }: Of<'job'>) {
  return (
    <Thing
      left={
        <>
          <Go to={places.job(job)}>A job</Go> of <Who account={builder} />, at most <Amount of={budget} />
        </>
      }
      right={
        <>
          until <When at={deadline} />
        </>
      }
    >
      <Chip phase="jobs">{state}</Chip> {manyText(bids, 'bid')}
      {refusals === 0 ? null : `, ${countText(refusals)} said no`}
    </Thing>
  )
}

function Learning({ of: { job, worker, lot, price, progress, loss } }: Of<'training'>) {
  return (
    <Thing
      left={
        <>
          <Who account={worker} /> trains{' '}
          <Go to={places.job(job)}>{lot === 'adapter' ? 'the model' : 'its siblings, which show whose rows help'}</Go>
        </>
      }
      right={<Amount of={price} />}
    >
      {loss.length < 2 ? null : <Loss of={loss} />}
      {progress === null ? (
        <p className="stage-quiet">It has not begun yet, or only its builder is told how far it is.</p>
      ) : (
        <Progress label={progressText(progress)} share={progress.steps === 0 ? 0 : progress.step / progress.steps} />
      )}
    </Thing>
  )
}

type Progressing = NonNullable<Extract<DoingView, { kind: 'training' }>['progress']>
const progressText = ({ step, steps, loss, tokensPerSecond, secondsLeft }: Progressing): string =>
  [
    `Step ${countText(step)} of ${countText(steps)}`,
    `loss ${numberText(loss)}`,
    `${countText(Math.round(tokensPerSecond))} tokens a second`,
    `${durationText(secondsLeft)} left`
  ].join(', ')

const width = 400
const height = 100

/** Loss that falls. */
function Loss({ of }: { readonly of: readonly number[] }) {
  const top = Math.max(...of)
  const bottom = Math.min(0, ...of)
  const points = of.map((value, at) => {
    const x = (at / (of.length - 1)) * width
    const y = height - ((value - bottom) / Math.max(1e-9, top - bottom)) * (height - 6) - 3
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  const [first = 0, last = 0] = [of[0], of.at(-1)]
  return (
    <svg
      className="doing-loss"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`The loss went from ${numberText(first)} to ${numberText(last)}`}
    >
      <path className="doing-under" d={`M0,${height} L${points.join(' L')} L${width},${height} Z`} />
      <path d={`M${points.join(' L')}`} />
    </svg>
  )
}

function Answering({ of: { role, model, name, peer, tokens, wanted, startedAt } }: Of<'answer'>) {
  const seconds = Math.max(0.1, (useNow() - startedAt) / 1000)
  return (
    <Thing
      left={
        <>
          <Go to={places.model(model)}>{name === '' ? 'A model' : name}</Go>{' '}
          {role === 'client' ? 'answers this node' : 'answers from this machine'}
          {peer === null ? null : (
            <>
              {role === 'client' ? ', by ' : ', for '}
              <Who account={peer} />
            </>
          )}
        </>
      }
      right={tokens === 0 ? 'begins' : `${numberText(tokens / seconds, 2)} tokens a second`}
    >
      <Progress label={`${manyText(tokens, 'token')} of at most ${countText(wanted)}`} share={tokens / wanted} />
    </Thing>
  )
}

function Offered({ of: { model, name, worker, outputPrice, tokensPerSecond, capacity } }: Of<'offer'>) {
  return (
    <Thing
      left={
        <>
          <Go to={places.model(model)}>{name === '' ? 'A model' : name}</Go> by <Who account={worker} />
        </>
      }
      right={
        <>
          <Amount of={outputPrice} /> a token
        </>
      }
    >
      <p className="stage-quiet">
        {countText(tokensPerSecond)} tokens a second; {manyText(capacity, 'more answer')} could begin now.
      </p>
    </Thing>
  )
}

function Settling({ of: { pool, epoch, receipts, payoutsTotal, closesAt, faults } }: Of<'epoch'>) {
  const left = (closesAt - useNow()) / 1000
  return (
    <Thing
      left={
        <>
          <Go to={places.epoch(pool, epoch)}>Epoch {countText(epoch)}</Go> of <Id id={pool} to={places.datanet(pool)} />
          : <Amount of={payoutsTotal} /> to contributors so far
        </>
      }
      right={left > 0 ? `final in ${durationText(left)}` : 'can be made final'}
    >
      <p className="stage-quiet">
        {manyText(receipts, 'receipt')}.{' '}
        {faults === null
          ? 'This node has not computed it again yet.'
          : faults.length === 0
            ? 'This node computed it again and found the same sums.'
            : `This node found ${manyText(faults.length, 'fault')} in it.`}
      </p>
    </Thing>
  )
}
