import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { ChainError, chainError } from '../errors/index.ts'
import type { Book } from '../ledger/index.ts'
import { createReader } from './reader.ts'
import type { Header, Source } from './source.ts'
import type { Tracker } from './state.ts'

/** Blocks that can be taken back: many times any reorganisation that a chain in use has seen. */
export const undoable = 256n
/** Looks at the chain for which its head may be behind what was read, before that is believed. */
const shorterLooks = 10
const longestPauseMs = 15_000
/** A chain that makes no blocks is looked at less and less often: each pause longer than the last, up to so many. */
const restful = { growth: 1.1, most: 5 }

export interface FollowerOptions {
  source: Source
  book: Book
  tracker: Tracker
  chainId: number
  /** Milliseconds between looks at a chain that makes blocks. */
  pollMs: number
  clock: Clock
  log: Log
  /** Something was read, or taken back. */
  onProgress: () => void
  /** The chain took back what came after this block. */
  onBack?: (to: bigint) => void
}

export interface Follower {
  start(): void
  /**
   * Looks at the chain at once, or with its first look if it has not begun, and says when it has: all up to its head is
   * in, or what was in the way.
   */
  poke(): Promise<void>
  stop(): Promise<void>
}

/** Reads the chain into the ledger: one loop for the whole node, forward, and back where the chain dropped blocks. */
export function createFollower(options: FollowerOptions): Follower {
  const { source, book, tracker, chainId, pollMs, clock, log, onProgress } = options
  const abort = new AbortController()
  const reader = createReader({
    source,
    tracker,
    undo: block => book.undo(block),
    now: () => clock.now(),
    onRefused: refused => {
      log.warn('the chain holds an entry that is not taken', refused)
    }
  })
  let shorter = 0
  let wasReset = false
  let looked = 0
  let wake = new AbortController()
  let waiting: { from: number; resolve: () => void; reject: (error: unknown) => void }[] = []
  let running: Promise<void> | undefined

  /** The newest remembered block before this one that the chain still has: so far and no further it goes back. */
  async function goBack(before: bigint, head: Header): Promise<void> {
    if ((await source.chainId()) !== chainId)
      throw new ChainError('chain.network', `the RPC answers for another chain than ${chainId}`, {
        help: 'Check the RPC URL: it must be of the chain that the contracts were deployed on.'
      })
    const marks = (await book.marks()).filter(([block]) => block < before && block <= head.number)
    const stands = async (i: number): Promise<boolean> => {
      const [block, hash] = marks[i] ?? [0n, undefined]
      const header = await source.header(block)
      if (header === undefined)
        throw new ChainError('chain.inconsistent', `the RPC has no block ${block}, though it had it before`)
      return header.hash === hash
    }
    // Near ones first, then twice as far each time, then between the last two: what still stands is a beginning.
    let gone = -1
    let kept = 0
    for (let step = 1; kept < marks.length && !(await stands(kept)); step *= 2) {
      gone = kept
      kept = kept === marks.length - 1 ? marks.length : Math.min(marks.length - 1, kept + step)
    }
    while (kept - gone > 1 && kept < marks.length) {
      const middle = Math.floor((gone + kept) / 2)
      if (await stands(middle)) kept = middle
      else gone = middle
    }
    const common = marks[kept]?.[0]
    if (common === undefined)
      throw new ChainError('chain.diverged', 'the chain has left what was final here', {
        help:
          'Check that the RPC is of the same chain as before. ' +
          `What was read up to block ${marks.at(-1)?.[0] ?? '?'} stands no more on it; ` +
          'if that is right, start with an empty data folder and the same key.'
      })
    const { block = 0n } = book.cursor() ?? {}
    await book.rewind(common)
    log.warn('the chain took blocks back', { from: String(block), to: String(common) })
    tracker.set({ block: common })
    options.onBack?.(common)
    onProgress()
  }

  /** @returns whether there is more to read at once */
  async function step(): Promise<boolean> {
    const head = await source.head()
    const cursor = book.cursor()
    if (cursor === undefined) throw new ChainError('chain.stopped', 'the ledger is not open')
    tracker.set({ head })
    const settled = head.number > undoable ? head.number - undoable : 0n
    const final = settled > cursor.final ? settled : cursor.final
    if (head.number < cursor.block) {
      // A node that lags behind another, mostly. A chain that stays shorter, or has other blocks, is another one.
      const known = (await book.marks()).find(([block]) => block === head.number)
      const another = known !== undefined && known[1] !== head.hash
      if (shorter++ === 0) tracker.count('inconsistent')
      if (another || shorter > shorterLooks) await goBack(head.number + 1n, head)
      return another
    }
    shorter = 0
    if (head.number === cursor.block) {
      if (head.hash === cursor.hash) return false
      await goBack(cursor.block, head)
      return true
    }
    if (head.number - cursor.block > BigInt(overlapMost)) tracker.set({ state: 'reading' })
    const read = await reader.read(cursor, head, cursor.first, final)
    if (abort.signal.aborted) return false
    if (read.kind === 'smaller') return true
    if (read.kind === 'back') {
      await goBack(read.before, head)
      return true
    }
    const range = { ...read, final }
    const missing = await book.commit(range)
    if (missing.length > 0) return incomplete(missing, range)
    tracker.set({ block: read.to })
    onProgress()
    return read.more
  }

  /** The RPC has kept something back: everything is read anew and twice, once; what is then still not there is said. */
  async function incomplete(missing: readonly string[], range: Parameters<Book['commit']>[0]): Promise<boolean> {
    tracker.count('short')
    if (!reader.careful) {
      reader.beCareful()
      return true
    }
    if (!wasReset) {
      wasReset = true
      log.warn('the RPC left events out; the chain is read again from the deployment on', { missing: missing[0] })
      await book.reset()
      onProgress()
      return true
    }
    tracker.count('missing', missing.length)
    log.error('the RPC does not give all events; use another', { missing: missing[0], more: missing.length - 1 })
    await book.commit(range, { lenient: true })
    tracker.set({ block: range.to })
    onProgress()
    return true
  }

  function done(from: number, error?: unknown): void {
    const over = waiting.filter(one => one.from <= from)
    waiting = waiting.filter(one => one.from > from)
    for (const { resolve, reject } of over) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }

  /** @returns whether somebody ended it */
  async function pause(ms: number): Promise<boolean> {
    try {
      await clock.sleep(ms, wake.signal)
      return false
    } catch {
      wake = new AbortController() // woken: a sleep fails for no other reason
      return true
    }
  }

  async function loop(): Promise<void> {
    let wait = pollMs
    let read: bigint | undefined
    while (!abort.signal.aborted) {
      const number = ++looked
      try {
        if (await step()) {
          looked = number - 1 // the look goes on
          continue
        }
        tracker.set({ state: 'following' })
        const block = book.cursor()?.block
        wait = block === read ? Math.min(wait * restful.growth, restful.most * pollMs) : pollMs
        read = block
        done(number)
      } catch (thrown) {
        if (abort.signal.aborted) break
        const error = thrown instanceof TilthError ? thrown : chainError('following the chain', thrown)
        if (error.code === 'chain.inconsistent') tracker.count('inconsistent')
        tracker.set({ state: error.code === 'chain.diverged' ? 'diverged' : 'waiting', error })
        wait = Math.min(2 * wait, longestPauseMs)
        done(number, error)
      }
      // Who asks for a look has done something, or waits for somebody who has.
      if (await pause(wait)) wait = pollMs
    }
    done(Infinity, stopped())
  }

  return {
    start() {
      running ??= loop()
    },
    poke() {
      if (abort.signal.aborted) return Promise.reject(stopped())
      const seen = new Promise<void>((resolve, reject) => {
        waiting.push({ from: looked + 1, resolve, reject })
      })
      wake.abort()
      return seen
    },
    async stop() {
      abort.abort()
      wake.abort()
      await running
      done(Infinity, stopped()) // who asked before it began
    }
  }
}

const stopped = (): ChainError => new ChainError('chain.stopped', 'the chain client has been stopped')

/** So few blocks behind is no news. */
const overlapMost = 16
