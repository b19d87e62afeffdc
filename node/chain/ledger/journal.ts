import { sequenceKey } from '../../store/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import type { ChainEvent, ChainEventName } from '../events/index.ts'
import type { Book } from './book.ts'

/** Entries read from disk at once. */
const page = 256
const firstPauseMs = 100
const longestPauseMs = 10_000

/**
 * Who must hear every event, in the chain's order, also over a restart. What was handed over may be handed over again
 * after a crash; a handler that throws is called again, later and later. Consumers do not wait for each other.
 */
export interface Consumer<N extends ChainEventName = ChainEventName> {
  /** Under which its place is kept on disk. */
  readonly name: string
  readonly names: readonly N[]
  forward(event: Extract<ChainEvent, { name: N }>): Promise<void> | void
  /** The chain took it back. */
  back(event: Extract<ChainEvent, { name: N }>): Promise<void> | void
}

export interface Journal {
  /** Puts a consumer in its place. @returns stop */
  consume<N extends ChainEventName>(consumer: Consumer<N>): Promise<() => Promise<void>>
  /** There is something new, or everything was forgotten. */
  progressed(): void
  /** Until every consumer has heard what is in the journal now. */
  drained(): Promise<void>
}

interface Place {
  next: number
  wake: () => void
}

export function createJournal(book: Book, { clock, log }: { clock: Clock; log: Log }): Journal {
  const { journal, consumers } = book.books
  const places = new Map<string, Place>()
  let drainers: (() => void)[] = []

  const end = (): number => book.cursor()?.next ?? 0
  const lowest = (): number => Math.min(end(), ...[...places.values()].map(({ next }) => next))
  book.heardBy(lowest)

  /** Who has missed what the journal no longer holds wants all of it again: then it is read again, for everybody. */
  async function begin(name: string, place: Place): Promise<void> {
    place.next = (await consumers.get(name)) ?? 0
    places.set(name, place) // from now on nothing is forgotten that it has not heard
    if (place.next === end() || (await journal.has(sequenceKey(place.next)))) return
    log.info('somebody wants all that the chain has told; it is read again', { consumer: name })
    await book.reset()
    for (const other of places.values()) other.next = 0
  }

  function tellDrained(): void {
    if (lowest() < end()) return
    const done = drainers
    drainers = []
    for (const resolve of done) resolve()
  }

  return {
    progressed() {
      for (const place of places.values()) {
        if (place.next > end()) place.next = 0 // everything was forgotten, and comes again
        place.wake()
      }
      tellDrained()
    },
    async consume(consumer) {
      const place: Place = { next: 0, wake: () => undefined }
      await begin(consumer.name, place)
      const wanted = new Set<string>(consumer.names)
      const abort = new AbortController()

      async function hand(back: boolean, event: ChainEvent): Promise<void> {
        for (let wait = firstPauseMs; !abort.signal.aborted; wait = Math.min(2 * wait, longestPauseMs)) {
          try {
            const known = event as Parameters<typeof consumer.forward>[0]
            await (back ? consumer.back(known) : consumer.forward(known))
            return
          } catch (error) {
            log.warn('an event of the chain was not handled; it is again', { consumer: consumer.name, event, error })
          }
          await clock.sleep(wait, abort.signal).catch(() => undefined) // stopped
        }
      }

      /** Hands over what is new, and waits for more. */
      async function round(): Promise<void> {
        const woken = new Promise<void>(resolve => {
          place.wake = resolve
        })
        const from = place.next
        let heard = from
        for await (const [key, { back, event }] of journal.entries({ from: sequenceKey(from), limit: page })) {
          if (Number(key) !== heard || place.next !== heard) break // forgotten and written anew meanwhile
          if (wanted.has(event.name)) await hand(back, event)
          if (abort.signal.aborted) break
          heard++
          if (place.next === heard - 1) place.next = heard
        }
        // What is heard twice does no harm.
        if (place.next !== from && place.next === heard) await consumers.put(consumer.name, heard, { sync: false })
        tellDrained()
        if (place.next >= end() && !abort.signal.aborted) await woken
      }
      async function loop(): Promise<void> {
        for (let wait = firstPauseMs; !abort.signal.aborted;) {
          try {
            await round()
            wait = firstPauseMs
          } catch (error) {
            // A disk that is full now may have room later: until then what is heard is only not noted down.
            log.warn('the journal of the chain cannot be read or kept now', { consumer: consumer.name, error })
            await clock.sleep(wait, abort.signal).catch(() => undefined) // stopped
            wait = Math.min(2 * wait, longestPauseMs)
          }
        }
      }

      const running = loop()
      return async () => {
        abort.abort()
        place.wake()
        await running // its place stays: what it has not heard is kept for it
      }
    },
    drained() {
      if (lowest() >= end()) return Promise.resolve()
      return new Promise(resolve => {
        drainers.push(resolve)
      })
    }
  }
}
