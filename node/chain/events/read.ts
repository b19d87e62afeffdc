import { parseEventLogs, toEventSelector } from 'viem'
import type { AbiEvent, Log } from 'viem'
import { withoutStruct, type StructShares } from '../../../protocol/contracts/index.ts'
import { allAbis } from '../errors/index.ts'
import { chainEvent, eventNames } from './events.ts'
import type { ChainEvent } from './events.ts'

interface Roster {
  readonly validators: readonly string[]
  readonly weights: readonly bigint[]
}

/** The contracts' parallel lists and flat structs, as this project writes them. */
function shaped({ weights, registration, ...args }: Record<string, unknown>): Record<string, unknown> {
  if (weights !== undefined) {
    const roster = { validators: args['validators'], weights } as Roster
    const validators = roster.validators.map((address, i) => ({ address, weight: roster.weights[i] ?? 0n }))
    return { ...args, validators }
  }
  if (registration === undefined) return args
  return { ...args, registration: withoutStruct(registration as StructShares) }
}

/** Wide integers as decimal text, as the schemas take them. */
function asWritten(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(asWritten)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asWritten(item)]))
}

/** Events by the first topic of their logs, made once: the parser hashes every name that it is given, at each call. */
let bySelector: Map<string, AbiEvent[]> | undefined
function eventsOf(selector: string): readonly AbiEvent[] {
  if (bySelector === undefined) {
    bySelector = new Map()
    for (const item of allAbis as readonly (AbiEvent | { readonly type: 'function' | 'error' | 'constructor' })[]) {
      if (item.type !== 'event' || !isKnown(item.name)) continue
      const known = toEventSelector(item)
      bySelector.set(known, [...(bySelector.get(known) ?? []), item])
    }
  }
  return bySelector.get(selector) ?? []
}
const isKnown = (name: string): boolean => eventNames.some(known => known === name)

type PlainLog = Log<bigint, number, false>
function parsed(logs: readonly PlainLog[]) {
  const found = []
  for (const [selector, same] of Map.groupBy(logs, ({ topics: [first] }) => first ?? '')) {
    const abi = eventsOf(selector) as unknown as typeof allAbis
    if (abi.length > 0) found.push(...parseEventLogs({ abi, eventName: eventNames, logs: [...same] }))
  }
  return found
}

/**
 * Logs of a deployment's contracts as events, in the chain's order; others' logs and unknown events are left out.
 * @param onRefused [ignore] told of each log that is an event's and not as this version takes it: a text too long
 */
export function readEvents(
  logs: readonly PlainLog[],
  onRefused: (refused: { name: string; transaction: string; why: string }) => void = () => undefined
): ChainEvent[] {
  const events: ChainEvent[] = []
  for (const log of parsed(logs)) {
    const { eventName: name, blockNumber, logIndex, transactionHash: transaction } = log
    const beside = name === 'VersionAnchored' ? { blockHash: log.blockHash } : {}
    const args = { ...shaped(log.args as Record<string, unknown>), ...beside }
    const result = chainEvent.safeParse(asWritten({ ...args, name, block: blockNumber, logIndex, transaction }))
    if (result.success) events.push(result.data)
    else {
      const [issue] = result.error.issues
      onRefused({ name, transaction, why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` })
    }
  }
  return events.sort((a, b) => (a.block === b.block ? a.logIndex - b.logIndex : a.block < b.block ? -1 : 1))
}
