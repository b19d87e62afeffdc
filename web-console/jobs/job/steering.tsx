import { useState } from 'react'
import type { JobView } from '../../../daemon/api/contract/views.ts'
import { useAct, useCall } from '../../api/index.ts'
import { Amount, Button, Card, Confirm, Facts, Failure, Read, When } from '../../parts/index.ts'
import { isUnderWay } from '../words.ts'

/** Stop and go on, and the end before its time. */
export function SteeringButtons({ job }: { readonly job: JobView }) {
  const [isAsking, setAsking] = useState(false)
  const pause = useAct('pauseJob', ['job', 'jobs'])
  const cancel = useAct('cancelJob', ['job', 'jobs', 'spent'])
  if (!isUnderWay(job)) return null
  return (
    <>
      {job.awards.length === 0 ? null : (
        <Button
          isDisabled={pause.isPending}
          onPress={() => pause.mutate({ params: { id: job.id }, body: { paused: !job.paused } })}
        >
          {job.paused ? 'Go on from the checkpoint' : 'Stop for now'}
        </Button>
      )}
      <Button look="wrong" onPress={() => setAsking(true)}>
        End the job
      </Button>
      {pause.error === null ? null : <Failure error={pause.error} />}
      <Confirm
        title="End this job for good?"
        isOpen={isAsking}
        close={() => setAsking(false)}
        act="End it"
        look="wrong"
        isBusy={cancel.isPending}
        onAct={() => cancel.mutate({ params: { id: job.id } }, { onSuccess: () => setAsking(false) })}
      >
        <p>
          What was accepted already is paid. What is in escrow for the rest comes back: at once where its worker is on
          line and agrees, else when the job's time is over.
        </p>
        {cancel.error === null ? null : <Failure error={cancel.error} />}
      </Confirm>
    </>
  )
}

/** What it has cost so far, of what it may. */
export function Money({ job }: { readonly job: JobView }) {
  const spent = useCall('spent', { id: job.id })
  return (
    <Card>
      <Read from={spent} what="the money">
        {({ paid, waiting, refunded, deadline }) => (
          <Facts
            facts={[
              ['Paid', <Amount key="p" of={paid} />],
              ['In escrow', <Amount key="w" of={waiting} />],
              ['Came back', <Amount key="r" of={refunded} />],
              ['The most it may cost', <Amount key="b" of={job.budget} />],
              ['Time is over', <When key="d" at={deadline} />]
            ]}
          />
        )}
      </Read>
    </Card>
  )
}
