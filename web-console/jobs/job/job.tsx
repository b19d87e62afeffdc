import type { DatanetView, JobView } from '../../../daemon/api/contract/views.ts'
import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useParameter } from '../../app/use-place.ts'
import { Chip, Facts, Go, Id, Notice, Page as Frame, Read, Section, When, Who } from '../../parts/index.ts'
import { SettingsSaved } from './settings-saved.tsx'
import { isUnderWay, methodText, stateText, titleOf } from '../words.ts'
import { Adds } from './adds.tsx'
import { Bids } from './bids.tsx'
import { Deploy } from './deploy.tsx'
import { Money, SteeringButtons } from './steering.tsx'
import { Test } from './test.tsx'
import { Training } from './training.tsx'
import '../wizard/wizard.css'
import './job.css'

function Asked({ job, datanet }: { readonly job: JobView; readonly datanet: DatanetView }) {
  const { settings } = job
  return (
    <Section title="What was asked for" actions={<SettingsSaved job={job} />}>
      <Facts
        facts={[
          ['Job', <Id key="j" id={job.id} to={places.statements(job.id)} />],
          ['Base', <Id key="b" id={job.base} />],
          [
            'Datanet',
            <Go key="d" to={places.datanet(job.datanet)}>
              {datanet.name}, version {job.version}
            </Go>
          ],
          ['Builder', <Who key="w" account={job.builder} />],
          ['Method', methodText(settings.method)],
          ['Passes', settings.epochs],
          ...(settings.lora === undefined ? [] : [['Rank', settings.lora.rank] as const]),
          ['Learning rate', settings.lr],
          ['Rows a step', settings.batch * settings.accumulation],
          ['Combinations measured', job.coalitions],
          ['Posted', <When key="p" at={job.createdAt} />]
        ]}
      />
    </Section>
  )
}

function Job({ job, datanet }: { readonly job: JobView; readonly datanet: DatanetView }) {
  const status = useCall('status')
  const isOwn = status.data?.address === job.builder
  const isDone = job.state === 'completed'
  return (
    <Frame
      title={titleOf(job, datanet.name)}
      lead={
        isDone && isOwn
          ? 'What it learnt can be tested here. It answers for pay once it is deployed under a name.'
          : undefined
      }
      above={
        <>
          <Go to={places.factory}>ModelFactory</Go>{' '}
          <Chip phase={isUnderWay(job) ? 'jobs' : isDone ? 'models' : 'wrong'}>{stateText(job)}</Chip>
        </>
      }
      phase="jobs"
      actions={isOwn ? <SteeringButtons job={job} /> : undefined}
    >
      {job.reason === undefined ? null : <Notice kind="wrong" title={`${job.reason}.`} />}
      {isOwn ? <Money job={job} /> : null}
      {isDone && isOwn ? (
        <>
          <Test job={job.id} />
          <Adds job={job.id} />
          <Deploy job={job} datanet={datanet} />
        </>
      ) : null}
      {job.awards.length === 0 ? <Bids job={job} isOwn={isOwn} /> : null}
      <Training job={job} isOwn={isOwn} />
      {job.awards.length === 0 ? null : <Bids job={job} isOwn={isOwn} />}
      <Asked job={job} datanet={datanet} />
    </Frame>
  )
}

/** A job from its bids to the deployed model. */
export function Page() {
  const job = useCall('job', { id: useParameter('id') })
  const datanet = useCall('datanet', { id: job.data?.datanet ?? '' }, { enabled: job.data !== undefined })
  return (
    <Read from={job} what="the job">
      {job => (
        <Read from={datanet} what="its Datanet">
          {datanet => <Job job={job} datanet={datanet} />}
        </Read>
      )}
    </Read>
  )
}
