import type { Query, QueryClient } from '@tanstack/react-query'
import { eventView } from '../../daemon/api/contract/events.ts'
import type { EventView } from '../../daemon/api/contract/events.ts'
import { isTouched } from './touched.ts'

export type Connection = 'connecting' | 'open' | 'lost'

type Listener = (event: EventView) => void

/** So long news are gathered before the pages are told to look again: 200 a second must leave them responsive. */
const gatherMs = 400

/** A page that nobody sees lets go of its stream after so long: a browser has six connections to a daemon, for all. */
const hiddenMs = 10_000

/**
 * The one stream of the daemon's news. Pages hear single events with `on`; what they have read is read again when news
 * touch it. The browser reconnects by itself and says which event it saw last.
 */
export function startLive(queries: QueryClient) {
  const listeners = new Set<Listener>()
  const watchers = new Set<() => void>()
  let connection: Connection = 'connecting'
  let gathered = new Set<EventView['name']>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const become = (next: Connection): void => {
    if (next === connection) return
    connection = next
    for (const watch of watchers) watch()
  }
  const flush = async (): Promise<void> => {
    const names = gathered
    gathered = new Set()
    const again = async (predicate: (query: Query) => boolean): Promise<void> =>
      queries.invalidateQueries({ predicate }, { cancelRefetch: false })
    const touched = ({ queryKey }: Query): boolean => isTouched(String(queryKey[0]), names)
    // What is on its way is awaited, or under steady news a slow answer never came. It may have been answered before
    // the news, so it is asked for once more when it is there.
    const underway = new Set(queries.getQueryCache().findAll({ predicate: touched, fetchStatus: 'fetching' }))
    await again(touched)
    if (underway.size > 0) await again(query => underway.has(query))
    timer = undefined
    if (gathered.size > 0) later()
  }
  const later = (): void => {
    timer ??= setTimeout(() => void flush(), gatherMs)
  }
  const take = (text: string): void => {
    const read = eventView.safeParse(JSON.parse(text))
    if (!read.success) return // another version's news: nothing here can be done with it
    const event = read.data
    if (event.name === 'alive') return
    gathered.add(event.name)
    later()
    for (const listener of listeners) listener(event)
  }
  let wasLost = false
  let last: string | undefined
  let source: EventSource | undefined
  const connect = (): void => {
    const opened = new EventSource(last === undefined ? '/api/events' : `/api/events?after=${encodeURIComponent(last)}`)
    source = opened
    opened.addEventListener('open', () => {
      become('open')
      // Whatever happened while nobody listened.
      if (wasLost) void queries.invalidateQueries()
      wasLost = false
    })
    opened.addEventListener('message', ({ data, lastEventId }: MessageEvent<string>) => {
      last = lastEventId === '' ? last : lastEventId
      take(data)
    })
    opened.addEventListener('error', () => {
      wasLost = true
      become('lost')
      // A refusal ends the stream for good: whoever signs in again, or the daemon that comes back, opens it anew.
      if (opened.readyState === EventSource.CLOSED)
        setTimeout(() => {
          if (source === opened) connect()
        }, 2_000)
    })
  }
  let hiding: ReturnType<typeof setTimeout> | undefined
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding)
    if (document.hidden)
      hiding = setTimeout(() => {
        source?.close()
        source = undefined
      }, hiddenMs)
    // It goes on where it was.
    else if (source === undefined) connect()
  })
  connect()

  return {
    connection: () => connection,
    watch: (watcher: () => void) => {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    on: (listener: Listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
  }
}
export type Live = ReturnType<typeof startLive>
