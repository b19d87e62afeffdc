import { randomBytes } from 'node:crypto'
import type { Node } from '../../../node/node.ts'
import { LimitError } from '../../../protocol/primitives/index.ts'
import { eventNames, plainText } from '../contract/index.ts'
import type { EventView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** News that are kept for readers that are slow or come back, and bytes of all of them: of more the oldest go. */
const kept = { news: 2_000, bytes: 8 << 20 } as const
/** After so long without news a reader is told that there are none. */
const aliveMs = 15_000
/** Each browser tab is one; those that read by keys leave some places to the owner's own pages. */
const mostReaders = 128
const mostByKeys = 96

/** What happened last at this node, numbered, for any number of readers. */
interface News {
  /** Number of the newest. */
  readonly last: number
  /** Number of the oldest that is still here. */
  readonly first: number
  /** One that is still here. */
  at(number: number): EventView | undefined
  /** The id of a number: another process begins another count. */
  idOf(number: number): string
  /** The number of an id of this process, unless it is none. */
  numberOf(id: string): number | undefined
  /** Until there is something newer, or `ms` have passed, or the reader left. */
  newer(than: number, ms: number, signal: AbortSignal): Promise<boolean>
}

function createNews({ events }: Pick<Node, 'events'>): News {
  const epoch = randomBytes(6).toString('hex')
  const ring = new Map<number, { event: EventView; bytes: number }>()
  const waiting = new Set<() => void>()
  let last = 0
  let first = 1
  let bytes = 0
  const drop = (): void => {
    bytes -= ring.get(first)?.bytes ?? 0
    ring.delete(first++)
  }
  // One listener a name, however many read: what they are told is made once.
  for (const name of eventNames)
    events.on(name, value => {
      const text = plainText(value)
      const number = ++last
      const event = { id: `${epoch}-${number}`, name, at: Date.now(), data: JSON.parse(text) as EventView['data'] }
      ring.set(number, { event, bytes: text.length })
      bytes += text.length
      while (ring.size > kept.news || (bytes > kept.bytes && ring.size > 1)) drop()
      for (const wake of waiting) wake()
    })
  return {
    get last() {
      return last
    },
    get first() {
      return first
    },
    at: number => ring.get(number)?.event,
    idOf: number => `${epoch}-${number}`,
    numberOf(id) {
      const [, of, number] = /^([0-9a-f]+)-([0-9]{1,15})$/.exec(id) ?? []
      return of === epoch && Number(number) <= last ? Number(number) : undefined
    },
    newer: (than, ms, signal) =>
      new Promise(resolve => {
        const settle = (came: boolean): void => {
          clearTimeout(timer)
          waiting.delete(wake)
          signal.removeEventListener('abort', leave)
          resolve(came)
        }
        const wake = (): void => settle(true)
        const leave = (): void => settle(false)
        const timer = setTimeout(leave, ms)
        waiting.add(wake)
        signal.addEventListener('abort', leave, { once: true })
        if (last > than || signal.aborted) wake()
      })
  }
}

/**
 * News from where a reader was, or from now on, until it leaves. It is told at once where it stands, so that it can
 * come back even before anything happened.
 */
async function* readNews(news: News, after: string | undefined, signal: AbortSignal): AsyncGenerator<EventView> {
  const note = (name: 'alive' | 'missed', number: number, data: EventView['data']): EventView => ({
    id: news.idOf(number),
    name,
    at: Date.now(),
    data
  })
  let place = after === undefined ? news.last : news.numberOf(after)
  if (place === undefined) {
    place = news.last
    // An id of another process: what happened since is not known here, how much of it neither.
    yield note('missed', place, { count: null })
  } else yield note('alive', place, {})
  while (!signal.aborted) {
    if (place + 1 < news.first) {
      const count = news.first - 1 - place
      place = news.first - 1
      yield note('missed', place, { count })
    }
    const next = news.at(place + 1)
    if (next !== undefined) {
      place++
      yield next
    } else if (!(await news.newer(place, aliveMs, signal)) && !signal.aborted) yield note('alive', place, {})
  }
}

export function eventHandlers(node: Pick<Node, 'events'>): Pick<Handlers, 'events'> {
  const news = createNews(node)
  let [readers, byKeys] = [0, 0]
  return {
    async *events({ params: { after }, signal, key }) {
      const isByKey = key !== undefined
      if (readers >= mostReaders || (isByKey && byKeys >= mostByKeys))
        throw new LimitError('limit.readers', `${readers} readers hear this daemon's news already`, {
          help: 'Close some of its pages.',
          consequence: 'retry'
        })
      readers++
      if (isByKey) byKeys++
      try {
        yield* readNews(news, after, signal)
      } finally {
        readers--
        if (isByKey) byKeys--
      }
    }
  }
}
