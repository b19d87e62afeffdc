import { parseEventLogs } from 'viem'
import type { Log } from 'viem'
import { ChainError } from './errors.ts'
import { lower } from './connection.ts'
import { allAbis } from './refusals.ts'
import type { ChainEvent, ChainEventName } from './types.ts'

/**
 * Every event that is handed on, by name; the compiler holds it complete. Their fields are the contracts' own names.
 */
const known = {
  Staked: true,
  Slashed: true,
  PayoutSet: true,
  DatanetCreated: true,
  Committed: true,
  VersionAnchored: true,
  DoubleVote: true,
  ModelRegistered: true,
  ModelRetired: true,
  EscrowFunded: true,
  EscrowReleased: true,
  EscrowRefunded: true,
  ChannelOpened: true,
  ChannelToppedUp: true,
  ChannelClaimed: true,
  ChannelClosing: true,
  ChannelClosed: true,
  PoolDeposited: true,
  EpochProposed: true,
  EpochVoided: true,
  EpochVetoed: true,
  EpochFinalized: true,
  PayoutClaimed: true
} as const satisfies Record<ChainEventName, true>
export const eventNames = Object.keys(known) as ChainEventName[]

const isAddress = (value: unknown): value is string => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value)

/** Logs of a deployment's contracts as events, in the chain's order; others' logs and unknown events are left out. */
export function readEvents(logs: Log[]): ChainEvent[] {
  return parseEventLogs({ abi: allAbis, eventName: eventNames, logs })
    .map(log => {
      if (log.blockNumber === null || log.logIndex === null || log.transactionHash === null)
        throw new ChainError('chain.event', 'a pending log has no place in the chain')
      const fields = Object.entries(log.args as Record<string, unknown>).map(([name, value]) => [
        name,
        isAddress(value) ? lower(value) : value
      ])
      return {
        name: log.eventName,
        block: log.blockNumber,
        logIndex: log.logIndex,
        transaction: log.transactionHash,
        ...(Object.fromEntries(fields) as object)
      } as unknown as ChainEvent
    })
    .sort((a, b) => (a.block === b.block ? a.logIndex - b.logIndex : a.block < b.block ? -1 : 1))
}
