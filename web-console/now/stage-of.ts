import type { EventView } from '../../daemon/api/contract/events.ts'
import { stageOfNews } from '../../protocol/flow.ts'
import type { Stage } from '../../protocol/flow.ts'

/** The stage that a piece of news belongs to. */
export function stageOfEvent({ name }: Pick<EventView, 'name'>): Stage | undefined {
  if (!Object.hasOwn(stageOfNews, name)) return undefined
  return stageOfNews[name as keyof typeof stageOfNews] ?? undefined
}
