import type { ReactNode } from 'react'
import type { EventView } from '../../daemon/api/contract/events.ts'
import { places } from '../app/places.ts'
import { countText, manyText } from '../formats/index.ts'
import { Amount, Go, Id, Who } from '../parts/index.ts'

type Data = EventView['data']
const text = (data: Data, name: string): string => {
  const value = data[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
const number = (data: Data, name: string): number => Number(text(data, name))

const file = (data: Data, words = 'A file'): ReactNode => (
  <Go to={places.contribution(text(data, 'contribution'))}>{words}</Go>
)
const job = (data: Data, words = 'a job'): ReactNode => <Go to={places.job(text(data, 'job'))}>{words}</Go>
const who = (data: Data, name: string): ReactNode => <Who account={text(data, name)} />
const epoch = (data: Data): ReactNode => (
  <Go to={places.epoch(text(data, 'pool'), number(data, 'epoch'))}>Epoch {text(data, 'epoch')}</Go>
)

const questionNews: Readonly<Record<string, string>> = {
  put: 'Sealed held-out questions were put for',
  accepted: 'Sealed held-out questions were accepted by the validators of',
  due: 'The questions that judge its newest version can be opened in',
  opened: 'Held-out questions were opened in'
}

/** A sentence for each piece of news that a stage shows. */
const sentences: Partial<Record<EventView['name'], (data: Data) => ReactNode>> = {
  'data.datanet': data => (
    <>
      <Go to={places.datanet(text(data, 'datanet'))}>{text(data, 'name')}</Go> was founded by {who(data, 'host')}
    </>
  ),
  'data.committed': data => (
    <>
      {file(data)} from {who(data, 'contributor')}, number {text(data, 'index')}
    </>
  ),
  'data.revealed': data => (
    <>
      {file(data)} was shown: {manyText(number(data, 'rows'), 'row')}
    </>
  ),
  'data.checked': data => (
    <>
      {file(data)} {data['accept'] === true ? 'keeps to the rules' : `breaks a rule: ${text(data, 'reason')}`}
    </>
  ),
  'data.voted': data => (
    <>
      {who(data, 'validator')} {text(data, 'step') === 'revealed' ? 'showed a vote on' : 'sealed a vote on'}{' '}
      {file(data, 'a file')}
    </>
  ),
  'data.double-vote': data => (
    <>
      {who(data, 'validator')} voted twice on {file(data, 'a file')}: that costs the stake
    </>
  ),
  'data.decided': data => (
    <>
      {file(data)} was {text(data, 'status')}
      {text(data, 'reason') === '' ? '' : `: ${text(data, 'reason')}`}
    </>
  ),
  'data.challenged': data => (
    <>
      {who(data, 'challenger')} challenged what was decided on {file(data)}: a jury decides
    </>
  ),
  'data.jury': data => (
    <>
      A jury has decided on {file(data)}:{' '}
      {text(data, 'decided') === 'nothing' ? 'the first decision stands' : text(data, 'decided')}
    </>
  ),
  'data.removed': data => (
    <>
      {file(data)} {text(data, 'by') === 'withdrawn' ? 'was taken back by its contributor' : 'was taken down'}
    </>
  ),
  'data.unsent': data => (
    <>
      {file(data)} was not sent: its contributor is asked again ({text(data, 'code')})
    </>
  ),
  'data.version': data => (
    <>
      <Go to={places.datanet(text(data, 'datanet'))}>Version {text(data, 'version')}</Go> with{' '}
      {manyText(number(data, 'count'), 'contribution')}
    </>
  ),
  'data.rules': data => (
    <>
      <Go to={places.datanet(text(data, 'datanet'))}>Rules {text(data, 'number')}</Go>{' '}
      {text(data, 'step') === 'set' ? 'are in force from now on' : 'were put forward: its validators decide'}
    </>
  ),
  'data.host': data => (
    <>
      {who(data, 'host')} {text(data, 'next') === '' ? 'hosts' : <>asks {who(data, 'next')} to host</>}{' '}
      <Go to={places.datanet(text(data, 'datanet'))}>a Datanet</Go>
    </>
  ),
  'data.questions': data => (
    <>
      {questionNews[text(data, 'step')] ?? 'There is news of sealed questions of'}{' '}
      <Go to={places.datanet(text(data, 'datanet'))}>a Datanet</Go>
    </>
  ),
  'jobs.posted': data => (
    <>
      {who(data, 'builder')} posted {job(data)}
    </>
  ),
  'jobs.bid': data => {
    const bid = (data['bid'] ?? {}) as Data
    return (
      <>
        {who(bid, 'worker')} bids for {job(data)}: {countText(number(bid, 'seconds'))} s
      </>
    )
  },
  'jobs.awarded': data => {
    const award = (data['award'] ?? {}) as Data
    return (
      <>
        {who(award, 'worker')} was chosen for {job(data)}
        {text(award, 'price') === '' ? null : (
          <>
            , for <Amount of={text(award, 'price')} />
          </>
        )}
      </>
    )
  },
  'jobs.delivered': data => (
    <>
      {who(data, 'worker')} handed over {job(data, 'its work')}
    </>
  ),
  'jobs.accepted': data => (
    <>
      {who(data, 'worker')} was paid for {job(data, 'its work')}
    </>
  ),
  'jobs.reoffered': data => (
    <>
      {job(data, 'Work')} was offered again: {text(data, 'reason')}
    </>
  ),
  'jobs.completed': data => <>{job(data, 'A model')} is done</>,
  'jobs.expired': data => (
    <>
      {job(data, 'A job')} ended without a model: {text(data, 'reason')}
    </>
  ),
  'models.registered': data => (
    <>
      <Go to={places.model(text(data, 'model'))}>A model</Go> was registered by {who(data, 'builder')}
    </>
  ),
  'models.withdrawn': data => (
    <>
      {who(data, 'worker')} serves <Go to={places.model(text(data, 'model'))}>a model</Go> no more
    </>
  ),
  'models.failed': data => (
    <>
      {who(data, 'worker')} did not finish an answer ({text(data, 'code')}); another went on
    </>
  ),
  'models.redeemed': data => (
    <>
      <Amount of={text(data, 'paid')} /> of <Id id={text(data, 'channel')} /> came to the chain
    </>
  ),
  'payouts.receipt': data => (
    <>
      <Go to={places.receipt(text(data, 'id'))}>{manyText(number(data, 'tokens'), 'token')}</Go> by{' '}
      {who(data, 'worker')}, <Amount of={text(data, 'fee')} />
    </>
  ),
  'payouts.scored': data => (
    <>
      {who(data, 'scorer')} weighed <Go to={places.receipt(text(data, 'receipt'))}>an answer</Go>
      {data['agrees'] === true ? '' : ', and found something else than most'}
    </>
  ),
  'payouts.disagreement': data => (
    <>
      {who(data, 'scorer')} disagrees about <Go to={places.receipt(text(data, 'receipt'))}>an answer</Go>
    </>
  ),
  'payouts.closing': data => (
    <>
      {who(data, 'settler')} adds up {epoch(data)}
    </>
  ),
  'payouts.anchored': data => (
    <>
      the receipts of {epoch(data)} were anchored by {who(data, 'settler')}
    </>
  ),
  'payouts.drawn': data => <>chance drew what is weighed of {epoch(data)}, and by whom</>,
  'payouts.audited': data => (
    <>
      the training of <Go to={places.model(text(data, 'model'))}>a model</Go> is run again in parts
    </>
  ),
  'payouts.proposed': data => (
    <>
      {epoch(data)} was proposed by {who(data, 'proposer')}
    </>
  ),
  'payouts.disputed': data => <>{epoch(data)} was found wrong</>,
  'payouts.challenged': data => <>{epoch(data)} is being challenged on chain</>,
  'payouts.vetoed': data => <>{epoch(data)} was voted against by this node</>,
  'payouts.voided': data => (
    <>
      {epoch(data)} was struck down by {who(data, 'challenger')}
    </>
  ),
  'payouts.finalized': data => (
    <>
      {epoch(data)} is final: <Amount of={text(data, 'payoutsTotal')} /> in all
    </>
  ),
  'payouts.claimed': data => (
    <>
      <Amount of={text(data, 'amount')} /> went to {who(data, 'account')}
    </>
  ),
  'payouts.slashed': data => (
    <>
      {who(data, 'node')} lost <Amount of={text(data, 'amount')} /> of its stake
    </>
  )
}

/** What a piece of news says; one that is not known here by its name. */
export function NewsText({ name, data }: Pick<EventView, 'name' | 'data'>) {
  return <>{sentences[name]?.(data) ?? name}</>
}
