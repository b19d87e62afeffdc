import { useEffect, useRef } from 'react'
import type { ReactNode } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { StageView } from '../../daemon/api/contract/flow.ts'
import { flow, phases, titleOf } from '../../protocol/flow.ts'
import type { Phase, Stage } from '../../protocol/flow.ts'
import { countText, plainAmount } from '../formats/index.ts'
import type { Grain } from './grains.ts'
import { stageText, stageWords } from './stages.ts'
import './picture.css'

/** A phase in a line, under its name. */
const phaseSays: Readonly<Record<Phase, string>> = {
  data: 'People give what they know',
  jobs: 'Machines learn from it',
  models: 'Somebody asks, and pays',
  payouts: 'Who helped is paid'
}

interface PictureProps {
  readonly stages: readonly StageView[]
  readonly open: Stage
  readonly onOpen: (stage: Stage) => void
  readonly grains: readonly Grain[]
  /** What the open stage shows; on narrow screens it stands under its own phase. */
  readonly children: ReactNode
}

/** The whole flow: four furrows, each stage a point on one, with what has come through and what is there now. */
export function FlowPicture({ stages, open, onOpen, grains, children }: PictureProps) {
  const openPhase = flow.find(row => row.stage === open)?.phase ?? 'data'
  return (
    <section className="flow" aria-label="The flow, now" data-open={openPhase}>
      {phases.map(phase => (
        <div key={phase} className="flow-phase" data-phase={phase} data-name={phase}>
          <header className="flow-head">
            <h2>{titleOf(phase)}</h2>
            <p>{phaseSays[phase]}</p>
          </header>
          <ol className="flow-stages">
            {stages
              .filter(({ stage }) => flow.some(row => row.stage === stage && row.phase === phase))
              .map(view => (
                <StagePoint
                  key={view.stage}
                  view={view}
                  isOpen={view.stage === open}
                  onOpen={() => onOpen(view.stage)}
                  grains={grains.filter(({ stage }) => stage === view.stage)}
                />
              ))}
          </ol>
        </div>
      ))}
      <div id="flow-open" className="flow-open" data-phase={openPhase}>
        {children}
      </div>
    </section>
  )
}

interface PointProps {
  readonly view: StageView
  readonly isOpen: boolean
  readonly onOpen: () => void
  readonly grains: readonly Grain[]
}

function StagePoint({ view, isOpen, onOpen, grains }: PointProps) {
  const { stage, count, active, amount } = view
  const isNow = active > 0 && stage !== 'offer'
  return (
    <li className="flow-stage" data-now={isNow} data-on={isOpen}>
      <AriaButton className="flow-point" aria-expanded={isOpen} aria-controls="flow-open" onPress={onOpen}>
        <span className="visually-hidden">{stageText(view)}</span>
        <span className="flow-dot" aria-hidden="true" />
        <span className="flow-name" aria-hidden="true">
          {stageWords[stage].name}
        </span>
        <span className="flow-numbers" aria-hidden="true">
          {isNow ? <span className="flow-now">{countText(active)} now</span> : null}
          <Count of={count} />
          {amount === null || amount === '0' ? null : <span className="flow-amount">{plainAmount(amount)}</span>}
        </span>
      </AriaButton>
      {grains.map(({ key, isMoney }) => (
        <span key={key} className={isMoney ? 'flow-grain flow-grain-money' : 'flow-grain'} aria-hidden="true" />
      ))}
    </li>
  )
}

/** A count that is seen to change. */
function Count({ of }: { readonly of: number }) {
  const before = useRef(of)
  const shown = useRef<HTMLElement>(null)
  useEffect(() => {
    if (before.current !== of && !matchMedia('(prefers-reduced-motion: reduce)').matches)
      shown.current?.animate(
        [
          { translate: '0 -6px', opacity: 0.3 },
          { translate: '0 0', opacity: 1 }
        ],
        {
          duration: 240,
          easing: 'ease-out'
        }
      )
    before.current = of
  }, [of])
  return (
    <b ref={shown} className="flow-count">
      {of === 0 ? '–' : countText(of)}
    </b>
  )
}
