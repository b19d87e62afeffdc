import type { Availability, Clock, Events } from './runtime/index.ts'
import type { Neighbours } from './transport/index.ts'

/** News of the node itself, beside those of its phases; each says that there is something to look at. */
export type OwnEvents = {
  /** Somebody came, went, or said whom it is connected to. */
  'node.peers': { connected: number }
  /** Lines were logged since the last news of this kind. */
  'node.logged': { lines: number }
  /** New work is taken on again, or no more: why. */
  'node.away': { reason: string | null }
}

/** Milliseconds in which several pieces of news become one. */
const togetherMs = 500

/** Tells the bus of what happens to the node itself. @returns stop */
export function tellOwnNews(
  events: Events<OwnEvents>,
  {
    neighbours,
    availability,
    peers,
    clock
  }: {
    neighbours: Pick<Neighbours, 'onChange'>
    availability: Pick<Availability, 'onChange'>
    peers: { connected(): readonly unknown[] }
    clock: Pick<Clock, 'sleep'>
  }
): () => void {
  const life = new AbortController()
  let coming = false
  async function soon(): Promise<void> {
    if (coming || life.signal.aborted) return
    coming = true
    await clock.sleep(togetherMs, life.signal).catch(() => undefined) // it is being stopped
    coming = false
    if (!life.signal.aborted) events.emit('node.peers', { connected: peers.connected().length })
  }
  const offs = [
    neighbours.onChange(() => void soon()),
    availability.onChange(away => events.emit('node.away', { reason: away?.reason ?? null }))
  ]
  return () => {
    life.abort()
    for (const off of offs) off()
  }
}
