import type { Stage } from '../../protocol/flow.ts'
import type { FlowDeps, FlowEvents, Happened } from './types.ts'

/** Pieces of news of each stage that are remembered. */
const remembered = 24

/**
 * Where each piece of news belongs; null for what is told by what is under way. A new one without its place does not
 * compile.
 */
const stageOf: Readonly<Record<keyof FlowEvents, Stage | null>> = {
  'data.datanet': 'datanet',
  'data.committed': 'contribution',
  'data.revealed': 'contribution',
  'data.checked': 'checks',
  'data.voted': 'votes',
  'data.decided': 'acceptance',
  'data.double-vote': 'votes',
  'data.version': 'version',
  'jobs.posted': 'job',
  'jobs.bid': 'bids',
  'jobs.awarded': 'award',
  'jobs.progress': null,
  'jobs.delivered': 'training',
  'jobs.accepted': 'delivery',
  'jobs.reoffered': 'award',
  'jobs.paused': 'training',
  'jobs.draft': null,
  'jobs.completed': 'delivery',
  'jobs.expired': 'job',
  'models.registered': 'registration',
  'models.offered': null,
  'models.withdrawn': 'offer',
  'models.answering': null,
  'models.receipt': null,
  'models.redeemed': 'receipt',
  'models.failed': 'inference',
  'payouts.receipt': 'receipt',
  'payouts.scored': 'attribution',
  'payouts.disagreement': 'attribution',
  'payouts.closing': 'settlement',
  'payouts.proposed': 'settlement',
  'payouts.disputed': 'settlement',
  'payouts.challenged': 'settlement',
  'payouts.vetoed': 'settlement',
  'payouts.voided': 'settlement',
  'payouts.finalized': 'settlement',
  'payouts.claimed': 'claim'
}

/** What happened last at each stage, since this node's start. */
export function createRecent({ clock, events }: Pick<FlowDeps, 'clock' | 'events'>) {
  const happened = new Map<Stage, Happened[]>()
  const offs: (() => void)[] = []
  const hear = (name: keyof FlowEvents, stage: Stage): (() => void) =>
    events.on(name, data => {
      const list = happened.get(stage) ?? []
      list.unshift({ name, at: clock.now(), data } as Happened)
      happened.set(stage, list.slice(0, remembered))
    })

  return {
    at: (stage: Stage): readonly Happened[] => happened.get(stage) ?? [],
    start() {
      for (const [name, stage] of Object.entries(stageOf))
        if (stage !== null) offs.push(hear(name as keyof FlowEvents, stage))
    },
    stop() {
      for (const off of offs.splice(0)) off()
    }
  }
}
