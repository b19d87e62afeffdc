import type { StageNowView } from '../../daemon/api/contract/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import { useCall } from '../api/index.ts'
import { Button, Read, When } from '../parts/index.ts'
import { Doing } from './doing.tsx'
import { NewsText } from './news.tsx'
import { stageWords } from './stages.ts'
import './stage-panel.css'

interface PanelProps {
  readonly stage: Stage
  /** Chosen by hand: it stays until one lets the page follow what happens again. */
  readonly isHeld: boolean
  readonly follow: () => void
}

/** What happens at one stage now, and what happened there last. */
export function StagePanel({ stage, isHeld, follow }: PanelProps) {
  const now = useCall('flowStage', { stage }, { keep: true })
  const { name, says } = stageWords[stage]
  return (
    <div className="stage">
      <header className="stage-head">
        <div>
          <h3>{name}</h3>
          <p>{says}</p>
        </div>
        {isHeld ? (
          <Button look="quiet" onPress={follow}>
            Follow what happens
          </Button>
        ) : null}
      </header>
      <Read from={now} what="what happens here">
        {view => (view.stage === stage ? <Inside view={view} /> : null)}
      </Read>
    </div>
  )
}

function Inside({ view: { doing, happened } }: { readonly view: StageNowView }) {
  return (
    <div className={doing.length === 0 ? 'stage-inside stage-resting' : 'stage-inside'}>
      {doing.length === 0 ? null : (
        <div className="stage-doing">
          {doing.map((one, at) => (
            <Doing key={keyOf(one, at)} of={one} />
          ))}
        </div>
      )}
      <div>
        <h4 className="stage-last">Last here</h4>
        {happened.length === 0 ? (
          <p className="stage-quiet">
            {doing.length === 0 ? 'Nothing is under way here, and this' : 'This'} node has heard of nothing since it was
            started.
          </p>
        ) : (
          <ol className="stage-news">
            {happened.slice(0, 8).map(({ name, at, data }, place) => (
              <li key={`${at} ${place}`}>
                <span>
                  <NewsText name={name} data={data} />
                </span>
                <span className="stage-when">
                  <When at={at} />
                </span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </div>
  )
}

function keyOf(one: StageNowView['doing'][number], at: number): string {
  switch (one.kind) {
    case 'contribution':
      return one.id
    case 'job':
      return one.job
    case 'training':
      return `${one.job} ${one.worker} ${at}`
    case 'answer':
      return String(one.number)
    case 'offer':
      return `${one.model} ${one.worker}`
    case 'epoch':
      return `${one.pool} ${one.epoch}`
  }
}
