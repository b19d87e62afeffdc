import { useState } from 'react'
import type { DoingView, NetworkView, StageView } from '../../daemon/api/contract/index.ts'
import { flow } from '../../protocol/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import { Doing } from '../now/doing.tsx'
import { FlowPicture } from '../now/picture.tsx'
import { Graph } from '../node/graph.tsx'

const hash = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const
const who = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as const
const busy: Partial<Record<Stage, Partial<StageView>>> = {
  contribution: { count: 5 },
  checks: { count: 4, active: 1 },
  votes: { count: 12, active: 3 },
  award: { count: 1, amount: '180000000000000000' },
  training: { count: 0, active: 1 },
  inference: { count: 1204, active: 2 },
  claim: { count: 3, amount: '39840000000000000' }
}
const stages: readonly StageView[] = flow.map(({ stage }) => ({
  stage,
  count: 0,
  active: 0,
  amount: null,
  ...busy[stage]
}))
const falling = Array.from({ length: 60 }, (_, step) => 4.2 * Math.exp(-step / 15) + 0.3)
const votes = { kind: 'contribution', datanet: hash(1), name: 'elements', contributor: who(7), advice: true } as const
const training = { kind: 'training', job: hash(3), datanet: hash(1), worker: who(4), price: '5' } as const
const at = Date.now()

/** One of every kind, and of those that look different while they go on, several. */
const doing: readonly DoingView[] = [
  { ...votes, id: hash(2), rows: 50, accepting: 2, rejecting: 1, committed: 4, total: 5, closesAt: at + 60_000 },
  { ...votes, id: hash(9), rows: 0, accepting: 0, rejecting: 0, committed: 0, total: 3, closesAt: null },
  {
    kind: 'job',
    job: hash(3),
    state: 'bidding',
    builder: who(1),
    datanet: hash(1),
    bids: 2,
    refusals: 1,
    budget: '180000000000000000',
    deadline: at + 3_600_000
  },
  {
    ...training,
    lot: 'adapter',
    progress: { step: 171, steps: 270, loss: 0.31, secondsLeft: 40, tokensPerSecond: 1234 },
    loss: falling
  },
  { ...training, lot: 'siblings', progress: null, loss: [] },
  {
    kind: 'answer',
    number: 1,
    role: 'worker',
    model: hash(5),
    name: 'elements',
    peer: who(6),
    tokens: 14,
    wanted: 64,
    startedAt: at - 3_000
  },
  {
    kind: 'offer',
    model: hash(5),
    name: 'elements',
    worker: who(4),
    outputPrice: '400000000000000',
    tokensPerSecond: 88,
    capacity: 32
  },
  {
    kind: 'epoch',
    pool: hash(1),
    epoch: 2,
    receipts: 30,
    payoutsTotal: '39840000000000000',
    closesAt: at + 7_200_000,
    faults: []
  }
]

/** The flow as it looks while all of it is at work. */
export function FlowStates() {
  const [open, setOpen] = useState<Stage>('training')
  return (
    <FlowPicture stages={stages} open={open} onOpen={setOpen} grains={[]}>
      <div className="stage-doing">
        {doing.map((one, place) => (
          <Doing key={place} of={one} />
        ))}
      </div>
    </FlowPicture>
  )
}

const peer = (n: number, roles: string[] | null, way: 'direct' | 'relay' | null): NetworkView['peers'][number] => ({
  peerId: `peer-${n}`,
  address: who(n),
  way,
  ms: way === null ? null : n * 12,
  since: null,
  roles,
  connected: null
})
const network: NetworkView = {
  self: { peerId: 'self', address: who(1), roles: ['worker', 'scorer'] },
  peers: [
    peer(2, ['host', 'validator', 'builder', 'settler'], 'direct'),
    peer(3, ['client'], 'relay'),
    peer(4, null, 'direct'),
    peer(5, null, null)
  ],
  links: [
    { from: 'self', to: 'peer-2', ms: 24 },
    { from: 'self', to: 'peer-3', ms: 36 },
    { from: 'self', to: 'peer-4', ms: null },
    { from: 'peer-2', to: 'peer-5', ms: 8 }
  ],
  silent: 1,
  leftOut: { peers: 0, links: 0 }
}

/** A peer of each kind: many roles, through a relay, one that has said nothing, one that is only heard of. */
export function GraphStates() {
  const [chosen, setChosen] = useState('self')
  return <Graph network={network} names={address => `…${address.slice(-1)}`} chosen={chosen} onChoose={setChosen} />
}
