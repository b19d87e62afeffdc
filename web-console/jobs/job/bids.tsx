import { useState } from 'react'
import type { JobView } from '../../../daemon/api/contract/views.ts'
import { useAct } from '../../api/index.ts'
import { durationText, manyText } from '../../formats/index.ts'
import {
  Amount,
  Button,
  Confirm,
  Empty,
  Failure,
  Section,
  Switch,
  Table,
  When,
  Who,
  useNames
} from '../../parts/index.ts'
import { isUnderWay } from '../words.ts'

type Bid = JobView['bids'][number]

/** The builder's hand among the bids. */
function Choosing({ job }: { readonly job: JobView }) {
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [isAsking, setAsking] = useState(false)
  const nameOf = useNames()
  const award = useAct('awardJob', ['job', 'jobs', 'spent'])
  const among = chosen.filter(worker => job.bids.some(bid => bid.worker === worker))
  return (
    <div className="choosing">
      <p>
        You choose. Whoever of the chosen is best by price and time trains the model; all of them share the siblings.
      </p>
      <div className="choosing-who">
        {job.bids.map(({ worker, price, seconds }) => (
          <Switch
            key={worker}
            isOn={among.includes(worker)}
            onChange={isOn => setChosen([...among.filter(other => other !== worker), ...(isOn ? [worker] : [])])}
          >
            <span>
              <bdi>{nameOf(worker)}</bdi> for <Amount of={price} />, {durationText(seconds)}
            </span>
          </Switch>
        ))}
      </div>
      <Button look="main" isDisabled={among.length === 0} onPress={() => setAsking(true)}>
        {among.length === 0 ? 'Choose one or more' : `Give the work to ${manyText(among.length, 'worker')}`}
      </Button>
      <Confirm
        title="Give the work to whom you chose?"
        isOpen={isAsking}
        close={() => setAsking(false)}
        act="Give it to them"
        isBusy={award.isPending}
        onAct={() =>
          award.mutate({ params: { id: job.id }, body: { workers: [...among] } }, { onSuccess: () => setAsking(false) })
        }
      >
        <p>
          What they ask goes into escrow now, <Amount of={job.budget} /> at most, and is paid when what they trained is
          measured to be good.
        </p>
        {award.error === null ? null : <Failure error={award.error} />}
      </Confirm>
    </div>
  )
}

const bidColumns = [
  { name: 'Worker', cell: ({ worker }: Bid) => <Who account={worker} /> },
  { name: 'For the model', number: true, cell: ({ price }: Bid) => <Amount of={price} /> },
  { name: 'For a whole sibling', number: true, cell: ({ siblingPrice }: Bid) => <Amount of={siblingPrice} /> },
  { name: 'All of it, alone', number: true, cell: ({ seconds }: Bid) => durationText(seconds) }
]

/** Who bid, who did not and why, as their words arrive. */
export function Bids({ job, isOwn }: { readonly job: JobView; readonly isOwn: boolean }) {
  const isOpen = job.state === 'posted' || job.state === 'bidding'
  return (
    <Section
      title="Bids"
      note={
        isOpen && !job.byHand
          ? 'Workers try a few steps and say what they ask. The best of price times time is taken by itself.'
          : undefined
      }
    >
      {job.bids.length === 0 ? (
        <Empty
          title={isUnderWay(job) ? 'No bid has come yet. The first take some seconds.' : 'Nobody bid for this job.'}
        >
          {isUnderWay(job) && job.refusals.length > 0 ? 'Who declined said why, below.' : undefined}
        </Empty>
      ) : (
        <Table label="Bids" items={job.bids} keyOf={({ worker }) => worker} columns={bidColumns} />
      )}
      {isOwn && isOpen && job.byHand && job.bids.length > 0 ? <Choosing job={job} /> : null}
      {job.refusals.length === 0 ? null : (
        <div className="bids-declined">
          <h3>Who declined, and why</h3>
          <ul className="bids-declined-list">
            {job.refusals.map(({ worker, reason, seconds, price, at }) => (
              <li key={worker}>
                <Who account={worker} />
                <span>
                  {reason}
                  {seconds === undefined ? '' : `; it would take ${durationText(seconds)} there`}
                  {price === undefined ? null : (
                    <>
                      {' '}
                      and cost <Amount of={price} />
                    </>
                  )}
                </span>
                <span className="job-when">
                  <When at={at} />
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Section>
  )
}
