import type { ReactNode } from 'react'
import type { StatusView } from '../../daemon/api/contract/index.ts'
import type { Phase } from '../../protocol/flow.ts'
import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { manyText, plainAmount } from '../formats/index.ts'
import { Go } from '../parts/index.ts'
import './doors.css'

interface DoorProps {
  readonly to: string
  readonly phase?: Phase
  readonly name: string
  readonly children: ReactNode
  /** What one would find there now. */
  readonly note: string
  readonly picture: ReactNode
}

function Door({ to, phase, name, children, note, picture }: DoorProps) {
  return (
    <div className="doorway" data-phase={phase}>
      <svg viewBox="0 0 120 48" aria-hidden="true">
        {picture}
      </svg>
      <h3>
        <Go to={to} className="doorway-link">
          {name}
        </Go>
      </h3>
      <p>{children}</p>
      <p className="doorway-note">{note}</p>
    </div>
  )
}

/** Rows of seed, a plant, a field that others work, too. */
const drawings = {
  give: (
    <>
      <path d="M2 44h116M2 36h116" />
      {[14, 36, 58, 80, 102].map((x, at) => (
        <path key={x} d={`M${x} 36v${-6 - at * 5}m0 ${4 + at}q6-1 7-7m-7 7q-6-1-7-7`} />
      ))}
    </>
  ),
  make: (
    <>
      <path d="M2 44h116" />
      <path d="M6 8C26 8 34 38 60 38s40-3 54-3" />
      <circle cx="6" cy="8" r="3" />
      <circle cx="60" cy="38" r="3" />
      <circle cx="114" cy="35" r="3" />
    </>
  ),
  run: (
    <>
      <path d="M60 24L18 10M60 24L14 40M60 24l46-15M60 24l48 16M18 10l-4 30M106 9l2 31" />
      <circle cx="60" cy="24" r="7" />
      {[
        [18, 10],
        [14, 40],
        [106, 9],
        [108, 40]
      ].map(([x, y]) => (
        <circle key={`${x} ${y}`} cx={x} cy={y} r="3.5" />
      ))}
    </>
  )
}

const one = { limit: 200 }

/** What a person can do here: give data, make a model, run a node. */
export function Doors({ status }: { readonly status: StatusView }) {
  const datanets = useCall('datanets', one).data?.items
  const offers = useCall('offers', one).data?.items
  const names = datanets?.slice(0, 3).map(({ name }) => name)
  const workers = new Set(offers?.map(({ worker }) => worker)).size
  const { activity } = status
  const isWorker = status.roles.includes('worker')
  return (
    <nav className="doorways" aria-label="What you can do">
      <Door
        to={places.datanets}
        phase="data"
        name="Contribute data"
        picture={drawings.give}
        note={
          names === undefined
            ? ' '
            : names.length === 0
              ? 'No Datanet is known here yet: found the first one.'
              : `Open now: ${names.join(', ')}${(datanets?.length ?? 0) > 3 ? ' and more' : ''}.`
        }
      >
        Drop a file and see which rows count before anything is sent. Every answer they help pays you.
      </Door>
      <Door
        to={places.factory}
        phase="jobs"
        name="Make a model"
        picture={drawings.make}
        note={
          workers === 0
            ? 'No worker answers just now; bids come when one does.'
            : `${manyText(workers, 'worker')} online.`
        }
      >
        Pick a small model and a Datanet; somebody’s graphics card does the learning, for a price you set.
      </Door>
      <Door
        to={places.node}
        name="Run a node"
        picture={drawings.run}
        note={
          isWorker
            ? `${manyText(activity.requests, 'answer')} within the hour, for ${plainAmount(activity.fees)} TILTH.`
            : `This one is ${status.roles.join(', ')}, with ${manyText(status.peers, 'peer')}.`
        }
      >
        Lend your machine when you do not need it. It trains and answers for pay, and you see what it earns.
      </Door>
    </nav>
  )
}
