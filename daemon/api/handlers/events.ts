import type { Node } from '../../../node/node.ts'
import { eventNames } from '../contract/index.ts'
import type { EventView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** News that wait for a slow reader; of more the oldest are left out, and it is told how many. */
const mostWaiting = 1_000
/** After so long without news a reader is told that there are none. */
const aliveMs = 30_000

const plain = (value: unknown): EventView['data'] =>
  JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))
  ) as EventView['data']

/** News of this node from now on, until the reader leaves. */
async function* news({ events }: Pick<Node, 'events'>, signal: AbortSignal): AsyncGenerator<EventView> {
  const waiting: EventView[] = []
  let missed = 0
  let wake: () => void = () => undefined
  const offs = eventNames.map(name =>
    events.on(name, value => {
      if (waiting.length >= mostWaiting) {
        waiting.shift()
        missed++
      }
      waiting.push({ name, at: Date.now(), data: plain(value) })
      wake()
    })
  )
  try {
    while (!signal.aborted) {
      if (missed > 0) yield { name: 'missed', at: Date.now(), data: { count: missed } }
      missed = 0
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next
      const came = await new Promise<boolean>(resolve => {
        const timer = setTimeout(() => {
          resolve(false)
        }, aliveMs)
        wake = () => {
          clearTimeout(timer)
          resolve(true)
        }
        signal.addEventListener('abort', wake, { once: true })
        if (waiting.length > 0 || signal.aborted) wake()
      })
      signal.removeEventListener('abort', wake)
      if (!came) yield { name: 'alive', at: Date.now(), data: {} }
    }
  } finally {
    for (const off of offs) off()
  }
}

export const eventHandlers = (node: Pick<Node, 'events'>): Pick<Handlers, 'events'> => ({
  events: ({ signal }) => news(node, signal)
})
