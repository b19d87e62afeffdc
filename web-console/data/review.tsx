import { useEffect } from 'react'
import { useAct, useCall, useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useWord } from '../app/use-place.ts'
import { manyText } from '../formats/index.ts'
import { Go, GoButton, Notice, Page as Frame, ReadList, Switch, Who } from '../parts/index.ts'
import type { ReviewView } from '../../daemon/api/contract/data-views.ts'
import { CheckList } from './contributing/check-list.tsx'
import { Ballot } from './reviewing/ballot.tsx'
import { Jury } from './reviewing/jury.tsx'
import { Queue } from './reviewing/queue.tsx'
import { Reading } from './reviewing/reading.tsx'
import './check/check.css'
import './reviewing/reviewing.css'

function titleOf(items: readonly ReviewView[] | undefined): string {
  if (items === undefined) return 'What waits for a vote'
  const mine = items.filter(({ vote }) => vote === null).length
  if (items.length === 0) return 'Nothing waits for a vote'
  return mine === 0
    ? 'You have voted on everything there is'
    : `${manyText(mine, 'contribution waits', 'contributions wait')} for your vote`
}

/** A validator's queue. */
export function Page() {
  const queue = useList('review')
  const [wanted, setWanted] = useWord('at')
  const { items } = queue
  const first = items?.find(({ vote }) => vote === null) ?? items?.[0]
  const selected = items?.find(({ id }) => id === wanted) ?? first
  useEffect(() => {
    // What was decided leaves the queue; the next one takes its place.
    if (wanted !== '' && items !== undefined && !items.some(({ id }) => id === wanted)) setWanted('')
  }, [wanted, items, setWanted])
  const leave = (towards: 1 | -1): void => {
    if (items === undefined || selected === undefined) return
    const next = items[items.indexOf(selected) + towards]
    if (next !== undefined) setWanted(next.id)
  }
  return (
    <Frame
      wide
      phase="data"
      title={titleOf(items)}
      above={<Go to={places.datanets}>Datanets</Go>}
      lead={
        'Each row stands beside the accepted row that is most like it. A vote can be undone until it is told ' +
        'to the others.'
      }
      actions={<Policy />}
    >
      <ReadList
        from={queue}
        what="the queue"
        empty={{
          title: 'No contribution is voted on now in the Datanets that this node validates.',
          children: <GoButton to={places.datanets}>See the Datanets</GoButton>
        }}
      >
        {all => (
          <div className="review">
            <Queue items={all} selected={selected?.id} onSelect={setWanted} />
            {selected === undefined ? null : (
              <div className="review-main" key={selected.id}>
                <p className="review-what">
                  <Go to={places.datanet(selected.datanet)}>{selected.datanetName}</Go>, from{' '}
                  <Who account={selected.contributor} />: <Go to={places.contribution(selected.id)}>its page</Go>
                </p>
                <Ballot item={selected} />
                <Reading item={selected} onLeave={leave} />
                {selected.checks.length === 0 ? null : <CheckList checks={selected.checks} />}
              </div>
            )}
          </div>
        )}
      </ReadList>
      <Jury />
    </Frame>
  )
}

/** Who votes: this node by its own checks, or its owner. */
function Policy() {
  const policy = useCall('votePolicy')
  const set = useAct('setVotePolicy', ['votePolicy', 'review'])
  if (policy.data === undefined) return null
  const isByHand = policy.data.policy === 'manual'
  return (
    <div>
      <Switch
        isOn={isByHand}
        isDisabled={set.isPending}
        onChange={isOn => {
          set.mutate({ body: { policy: isOn ? 'manual' : 'auto' } })
        }}
      >
        I vote by hand
      </Switch>
      {isByHand ? null : <Notice title="This node votes by its own checks, as soon as they are done." />}
    </div>
  )
}
