import { useState } from 'react'
import type { JobView } from '../../daemon/api/contract/views.ts'
import { emptyDraft } from '../../protocol/jobs/draft.ts'
import type { KeptDraft } from '../../protocol/jobs/draft.ts'
import { useAct, useCall, useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useGo } from '../app/use-place.ts'
import { numberText, shortId } from '../formats/index.ts'
import {
  Amount,
  Button,
  Chip,
  Confirm,
  Failure,
  Go,
  Page as Frame,
  Progress,
  ReadList,
  Section,
  Table,
  When,
  Who
} from '../parts/index.ts'
import { doneShare, isUnderWay, stateText } from './words.ts'
import './factory.css'

/** Datanets by id, as far as the first page of them goes: a name is kinder than an id. */
function useNames(): (id: string) => string {
  const datanets = useList('datanets', { limit: 200 })
  const names = new Map(datanets.items?.map(({ id, name }) => [id, name]))
  return id => names.get(id) ?? shortId(id)
}

function Start() {
  const go = useGo()
  const save = useAct('saveDraft', ['drafts'])
  return (
    <>
      <Button
        look="main"
        isDisabled={save.isPending}
        onPress={() => save.mutate({ body: { draft: emptyDraft } }, { onSuccess: ({ id }) => go(places.draft(id)) })}
      >
        Make a model
      </Button>
      {save.error === null ? null : <Failure error={save.error} />}
    </>
  )
}

function Draft({ draft, nameOf }: { readonly draft: KeptDraft; readonly nameOf: (id: string) => string }) {
  const [isAsking, setAsking] = useState(false)
  const remove = useAct('deleteDraft', ['drafts'])
  const { id, base, baseName, datanet, savedAt } = draft
  const title = base === null ? 'A model without a base yet' : (baseName ?? shortId(base))
  return (
    <li className="drafts-draft">
      <span>
        <Go to={places.draft(id)}>
          {title}
          {datanet === null ? '' : `, taught by ${nameOf(datanet)}`}
        </Go>
        <span className="drafts-when">
          changed <When at={savedAt} />
        </span>
      </span>
      <Button look="quiet" onPress={() => setAsking(true)} aria-label={`Throw away the draft ${title}`}>
        Throw away
      </Button>
      <Confirm
        title="Throw this draft away?"
        isOpen={isAsking}
        close={() => setAsking(false)}
        act="Throw it away"
        look="wrong"
        isBusy={remove.isPending}
        onAct={() => remove.mutate({ params: { id } })}
      >
        <p>Nothing of it was said to anybody, and nothing of it is kept.</p>
        {remove.error === null ? null : <Failure error={remove.error} />}
      </Confirm>
    </li>
  )
}

function Drafts({ nameOf }: { readonly nameOf: (id: string) => string }) {
  const drafts = useList('drafts', { limit: 20 })
  if (drafts.items?.length === 0) return null
  return (
    <Section title="Begun" note="Kept on this node: take them up in any browser.">
      <ReadList from={drafts} what="the drafts" empty={{ title: 'No draft is kept.' }}>
        {items => (
          <ul className="drafts">
            {items.map(draft => (
              <Draft key={draft.id} draft={draft} nameOf={nameOf} />
            ))}
          </ul>
        )}
      </ReadList>
    </Section>
  )
}

const lossText = ({ heldOutLoss }: JobView): string =>
  heldOutLoss === null ? '' : `${numberText(heldOutLoss.base)} → ${numberText(heldOutLoss.tuned)}`

const phaseOf = (job: JobView): 'jobs' | 'models' | 'wrong' =>
  isUnderWay(job) ? 'jobs' : job.state === 'completed' ? 'models' : 'wrong'

const lead =
  "Pick a model, pick whose knowledge it should learn, and somebody's machine trains it for what you pay. " +
  'Everybody whose data taught it is paid for its answers.'

/** Models in the making, and those that were made. */
export function Page() {
  const jobs = useList('jobs', { limit: 50 })
  const status = useCall('status')
  const nameOf = useNames()
  const underWay = jobs.items?.filter(isUnderWay) ?? []
  return (
    <Frame
      title={
        underWay.length === 0
          ? 'Make a model that knows what a community knows'
          : `${underWay.length === 1 ? 'One model is' : `${underWay.length} models are`} being made`
      }
      lead={lead}
      phase="jobs"
      actions={<Start />}
    >
      <Drafts nameOf={nameOf} />
      <Section title="Jobs">
        <ReadList
          from={jobs}
          what="the jobs"
          empty={{ title: 'No job was posted yet.', children: 'Make a model: it takes four questions.' }}
        >
          {items => (
            <Table
              label="Jobs"
              items={items}
              keyOf={({ id }) => id}
              columns={[
                {
                  name: 'Model of',
                  cell: ({ id, datanet, version }) => (
                    <Go to={places.job(id)}>
                      <bdi>{nameOf(datanet)}</bdi>, version {version}
                    </Go>
                  )
                },
                {
                  name: 'State',
                  cell: job =>
                    job.state === 'training' && !job.paused ? (
                      <div className="jobs-progress">
                        <Progress label={stateText(job)} share={doneShare(job)} />
                      </div>
                    ) : (
                      <Chip phase={phaseOf(job)}>{stateText(job)}</Chip>
                    )
                },
                { name: 'Held-out loss', number: true, cell: lossText },
                { name: 'Budget', number: true, cell: ({ budget }) => <Amount of={budget} /> },
                {
                  name: 'By',
                  cell: ({ builder }) => (builder === status.data?.address ? 'you' : <Who account={builder} />)
                },
                { name: 'Posted', number: true, cell: ({ createdAt }) => <When at={createdAt} /> }
              ]}
            />
          )}
        </ReadList>
      </Section>
    </Frame>
  )
}
