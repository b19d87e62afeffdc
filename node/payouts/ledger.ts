import { TilthError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { ChainEvent, ChainEventOf, Follower } from '../chain/types.ts'
import type { PayoutsDeps } from './types.ts'

const names = [
  'ModelRegistered',
  'ChannelOpened',
  'ChannelClaimed',
  'PoolDeposited',
  'EpochProposed',
  'EpochVoided',
  'EpochFinalized',
  'PayoutClaimed'
] as const
type Name = (typeof names)[number]
type Seen = ChainEventOf<Name>

/** How long a caller waits for events up to the chain's head. */
const patienceMs = 30_000

/** One proposal of an epoch and what became of it. A voided epoch may be proposed again. */
export interface Proposal {
  readonly event: ChainEventOf<'EpochProposed'>
  readonly state: 'pending' | 'final' | 'voided'
}

/**
 * What the chain has told about money: read from the beginning at each start, forward and back, and kept in memory.
 */
export interface Ledger {
  start(): void
  stop(): Promise<void>
  /** Until everything up to the chain's present head is in. @throws TilthError `chain.behind` */
  caughtUp(): Promise<void>
  pools(): Hex[]
  /** In the chain's order; for a pool or all. */
  proposals(pool?: Hex): Proposal[]
  channelsOf(models: ReadonlySet<Hex>): { channel: Hex; worker: Address; claimed: bigint }[]
  modelsOf(pool: Hex): Hex[]
  totals(): { workers: bigint; builders: bigint; data: bigint; deposited: bigint; paid: bigint }
  claims(): ChainEventOf<'PayoutClaimed'>[]
  /** Called for each event, those of the past too; `live` once the past is in. */
  onEvent(listener: (event: Seen, live: boolean) => void): void
}

export function createLedger(
  { chain, clock, log }: Pick<PayoutsDeps, 'chain' | 'clock' | 'log'>,
  pollMs = 500
): Ledger {
  let events: Seen[] = []
  let reached = -1n
  let first: bigint | undefined
  let follower: Follower | undefined
  const listeners: ((event: Seen, live: boolean) => void)[] = []
  const of = <N extends Name>(name: N): ChainEventOf<N>[] =>
    events.filter((event): event is ChainEventOf<N> => event.name === name)
  const blocksBehind = (block: bigint): bigint => block - reached
  const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

  return {
    start() {
      follower = chain.follow(
        { from: 0n, names, pollMs },
        {
          event(event: ChainEvent) {
            // A handler may be called again for the same event; its place on chain is its name.
            const last = events.at(-1)
            if (
              last !== undefined &&
              (event.block < last.block || (event.block === last.block && event.logIndex <= last.logIndex))
            )
              return
            events.push(event as Seen)
            for (const listener of listeners) listener(event as Seen, first !== undefined && event.block > first)
          },
          reached(block) {
            reached = block
          },
          rewound(block) {
            events = events.filter(event => event.block <= block)
            reached = block
          },
          failed(error) {
            log.error('an event of the chain could not be handled', { error })
          },
          health({ up, error }) {
            log.warn(up ? 'the chain answers again' : 'the chain does not answer', { error })
          }
        }
      )
      chain.head().then(
        ({ block }) => {
          first ??= block
        },
        (error: unknown) => {
          log.warn('the chain does not answer', { error })
        }
      )
    },
    async stop() {
      await follower?.stop()
    },
    async caughtUp() {
      const { block } = await chain.head()
      first ??= block
      const end = clock.now() + patienceMs
      while (blocksBehind(block) > 0n) {
        if (clock.now() > end)
          throw new TilthError('chain.behind', `the chain is at block ${block}, its events are read up to ${reached}`, {
            help: 'Try again in a moment.'
          })
        await clock.sleep(50)
      }
    },
    pools: () => [...new Set(of('PoolDeposited').map(({ pool }) => pool))],
    proposals(pool) {
      const proposals: { event: ChainEventOf<'EpochProposed'>; state: Proposal['state'] }[] = []
      for (const event of events) {
        if (event.name === 'EpochProposed') proposals.push({ event, state: 'pending' })
        if (event.name !== 'EpochVoided' && event.name !== 'EpochFinalized') continue
        const proposal = proposals.findLast(
          ({ event: { pool, epoch } }) => pool === event.pool && epoch === event.epoch
        )
        if (proposal !== undefined) proposal.state = event.name === 'EpochVoided' ? 'voided' : 'final'
      }
      return proposals.filter(({ event }) => pool === undefined || event.pool === pool)
    },
    channelsOf(models) {
      const claimed = new Map(of('ChannelClaimed').map(event => [event.channel, event.claimed]))
      return of('ChannelOpened')
        .filter(({ model }) => models.has(model))
        .map(({ channel, worker }) => ({ channel, worker, claimed: claimed.get(channel) ?? 0n }))
    },
    modelsOf: pool =>
      of('ModelRegistered')
        .filter(({ datanet }) => datanet === pool)
        .map(({ model }) => model),
    totals() {
      const claimed = of('ChannelClaimed')
      return {
        workers: sum(claimed.map(({ toWorker }) => toWorker)),
        builders: sum(claimed.map(({ toBuilder }) => toBuilder)),
        data: sum(claimed.map(({ toData }) => toData)),
        deposited: sum(of('PoolDeposited').map(({ amount }) => amount)),
        paid: sum(of('PayoutClaimed').map(({ amount }) => amount))
      }
    },
    claims: () => of('PayoutClaimed'),
    onEvent(listener) {
      listeners.push(listener)
    }
  }
}
