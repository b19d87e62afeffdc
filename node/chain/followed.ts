import type { Hex } from '../../protocol/primitives/index.ts'
import type { Clock, Log } from '../runtime/index.ts'
import type { Store } from '../store/index.ts'
import type { ChannelOnChain, Channels } from './calls/index.ts'
import type { Chain } from './client.ts'
import { ChainError, chainError } from './errors/index.ts'
import type { ChainEventName } from './events/index.ts'
import { createFollower, createTracker } from './follower/index.ts'
import type { ChainState } from './follower/index.ts'
import { createBook, createJournal, createViews } from './ledger/index.ts'
import type { Consumer, Views } from './ledger/index.ts'
import { fromLedger } from './known.ts'
import { isDevelopmentChain } from './local/faucet.ts'
import { createSent } from './sent.ts'

/** How long a caller waits for the ledger to reach the chain's head. */
const patienceMs = 30_000
const usualConfirmations = 12

/** A channel as it stands in the ledger. */
export interface KnownChannel extends ChannelOnChain {
  /** Of its opening. */
  readonly block: bigint
  /** What of the deposit has enough confirmations to be relied on; 0 while the opening has not. */
  readonly confirmed: bigint
}

/** What the chain has told, kept on disk; `Views` say what there is. */
export interface Ledger extends Views {
  /** Begins to read. Whoever must hear every event has said so before. */
  start(): void
  /** See Consumer. @returns stop */
  consume<N extends ChainEventName>(consumer: Consumer<N>): Promise<() => Promise<void>>
  /** Whether a block has as many others on it, itself included, as this node waits for. */
  confirmed(block: bigint): boolean
  /** How many that are. */
  readonly confirmations: bigint
  /** Until a block is confirmed. @throws ChainError `chain.stopped`, or the signal's reason */
  untilConfirmed(block: bigint, signal?: AbortSignal): Promise<void>
  /**
   * The time of the newest confirmed block, in seconds, by the chain that the ledger has read: all that happened up to
   * then is in it, whatever another look at the RPC would show.
   * @throws ChainError where the RPC does not have that block now
   */
  confirmedTime(): Promise<bigint>
  /** The chain's newest block as the follower saw it last; undefined before the first look. */
  head(): { block: bigint; timestamp: bigint } | undefined
  /**
   * Until everything up to the chain's present head is in, and, with `consumers`, heard by everybody.
   * @throws ChainError `chain.behind`, or why the chain cannot be read
   */
  caughtUp(options?: { consumers?: boolean }): Promise<void>
  state(): ChainState
  /** Called after each step forward or back. @returns off */
  onProgress(listener: () => void): () => void
  stop(): Promise<void>
}

/** A deployment with its ledger. */
export interface FollowedChain extends Omit<Chain, 'channels'> {
  readonly channels: Channels & {
    /** From the ledger: no call of the RPC. */
    known(id: Hex): Promise<KnownChannel | undefined>
  }
  readonly ledger: Ledger
}

export interface FollowOptions {
  store: Pick<Store, 'collection' | 'batch'>
  clock: Clock
  log: Log
  /** 1 on a development chain, 12 on any other unless given; 0 is as good as 1. */
  confirmations?: number | undefined
  /** As the chain's unless given. */
  pollMs?: number
}

/**
 * Gives a chain its ledger. Nothing is read before `ledger.start()`; `stop` ends both.
 * @throws ChainError `chain.network` (the folder is another deployment's), `chain.deployment`, `chain.unreachable`
 */
export async function followChain(
  chain: Chain,
  { store, clock, log, confirmations: wanted, pollMs = chain.pollMs }: FollowOptions
): Promise<FollowedChain> {
  const { chainId, registry } = chain.network
  const confirmations = BigInt(wanted ?? (isDevelopmentChain(chainId) ? 1 : usualConfirmations))
  const book = createBook(store)
  await book.open(registry, async () => {
    const { block, searched } = await chain.deploymentBlock()
    if (searched)
      log.warn('the contracts were found on chain; "deploymentBlock" in contracts.json saves the search', {
        deploymentBlock: Number(block)
      })
    const begin = block > 0n ? block : 1n // no event is in the genesis block
    const header = await chain.source.header(begin - 1n)
    if (header === undefined)
      throw new ChainError('chain.network', `the chain has no block ${begin - 1n}`, {
        help: 'Check "deploymentBlock" in the file of contract addresses, and the RPC.'
      })
    log.info('the chain is read from the deployment on', { block: String(begin) })
    return { block: header.number, hash: header.hash }
  })
  const journal = createJournal(book, { clock, log })
  const views = createViews(book)
  const tracker = createTracker(({ state, error }) => {
    if (state === 'waiting' || state === 'diverged') log.warn('the chain cannot be read', { error })
    else log.info(`the chain is ${state === 'following' ? 'followed' : 'read'}`)
  })
  const listeners = new Set<() => void>()
  const sent = chain.mempool === undefined ? undefined : createSent({ store, log }, chain.mempool)
  let stopped = false
  const follower = createFollower({
    source: chain.source,
    book,
    tracker,
    chainId,
    pollMs,
    clock,
    log,
    onBack: to => sent?.wentBack(to),
    onProgress() {
      sent?.wentOn(book.cursor()?.final ?? 0n)
      journal.progressed()
      for (const listener of listeners) listener()
    }
  })
  const consumers: (() => Promise<void>)[] = []
  // What this node has done itself is in the ledger at once.
  chain.onMined(async transaction => {
    follower.poke().catch(() => undefined) // it tries again by itself
    // Who goes on with the same account after this has a ledger of its own.
    if (!stopped) await sent?.mined(transaction)
  })

  const confirmed = (block: bigint): boolean => (book.cursor()?.block ?? -1n) - block + 1n >= confirmations

  const ledger: Ledger = {
    ...views,
    start() {
      follower.start()
    },
    async consume(consumer) {
      const stop = await journal.consume(consumer)
      consumers.push(stop)
      return stop
    },
    confirmed,
    confirmations,
    async untilConfirmed(block, signal) {
      while (!confirmed(block)) {
        if (stopped) throw new ChainError('chain.stopped', 'the chain client has been stopped')
        await clock.sleep(50, signal)
      }
    },
    async confirmedTime() {
      const cursor = book.cursor()
      if (cursor === undefined) throw new ChainError('chain.stopped', 'the ledger is not open')
      const back = cursor.block - (confirmations > 1n ? confirmations - 1n : 0n)
      const block = back > 0n ? back : 0n
      const header = await chain.source.header(block).catch((error: unknown) => {
        throw chainError('the time of a block', error)
      })
      if (header === undefined || (block === cursor.block && header.hash !== cursor.hash))
        throw new ChainError('chain.inconsistent', `the RPC has no block ${block} as it was read`)
      return header.timestamp
    },
    head() {
      const { head } = tracker.current()
      return head && { block: head.number, timestamp: head.timestamp }
    },
    async caughtUp({ consumers = false } = {}) {
      const late = new AbortController()
      const tooLate = clock.sleep(patienceMs, late.signal).then(() => {
        const { block, head } = tracker.current()
        throw new ChainError(
          'chain.behind',
          `the chain is at block ${head?.number ?? '?'}, read up to ${block ?? '?'}`,
          {
            help: 'Try again in a moment.'
          }
        )
      })
      try {
        await Promise.race([follower.poke(), tooLate])
        if (consumers) await Promise.race([journal.drained(), tooLate])
      } finally {
        tooLate.catch(() => undefined) // it is ended here
        late.abort()
      }
    },
    state: () => tracker.current(),
    onProgress(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    async stop() {
      stopped = true
      await follower.stop()
      await sent?.idle()
      await Promise.all(consumers.splice(0).map(stop => stop()))
    }
  }

  const calls = fromLedger(chain, views)
  return {
    ...chain,
    ...calls,
    channels: {
      ...calls.channels,
      async known(id) {
        const record = await views.channel(id)
        if (record === undefined) return undefined
        const { deposits, ...channel } = record
        const sure = deposits.findLast(({ block }) => confirmed(block))
        return { ...channel, confirmed: sure?.deposit ?? 0n }
      }
    },
    ledger,
    async stop() {
      await ledger.stop()
      await chain.stop()
    }
  }
}
