import { stageOfNews } from '../../protocol/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import type { FlowDeps, FlowEvents, Happened } from './types.ts'

/** Pieces of news of each stage that are remembered. */
const remembered = 24

/** A piece of news without its place does not compile. */
const stageOf: Readonly<Record<keyof FlowEvents, Stage | null>> = stageOfNews

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
