import { createContext, use, useEffect, useEffectEvent, useSyncExternalStore } from 'react'
import type { EventView } from '../../daemon/api/contract/events.ts'
import type { Connection, Live } from './live.ts'

export const LiveContext = createContext<Live | undefined>(undefined)

function useLive(): Live {
  const live = use(LiveContext)
  if (live === undefined) throw new TypeError('no event stream: a page stands outside of the shell')
  return live
}

/** Whether the daemon's news arrive. */
export function useConnection(): Connection {
  const live = useLive()
  return useSyncExternalStore(live.watch, live.connection)
}

/** Hears news while the component is shown: for what moves with each of them. What was read is read again by itself. */
export function useEvents(hear: (event: EventView) => void): void {
  const live = useLive()
  const latest = useEffectEvent(hear)
  useEffect(() => live.on(event => latest(event)), [live])
}
