import { toEventSelector } from 'viem'
import type { AbiEvent, Log } from 'viem'
import { withoutStruct, type StructShares } from '../../../protocol/contracts/index.ts'
import { allAbis } from '../errors/index.ts'
import { decodeLog } from './decode.ts'
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

/** Events by the first topic of their logs. */
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
interface Parsed {
  readonly name: string
  readonly args: Record<string, unknown>
}
/** Events may share name and types and differ in what is indexed: the first that fits is meant. */
function parsed(log: PlainLog): Parsed | undefined {
  for (const event of eventsOf(log.topics[0] ?? '')) {
    const args = decodeLog(event, log)
    if (args !== undefined) return { name: event.name, args }
  }
  return undefined
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
  for (const log of logs) {
    const found = parsed(log)
    if (found === undefined) continue
    const { name } = found
    const { blockNumber: block, logIndex, transactionHash: transaction } = log
    const beside = name === 'VersionAnchored' ? { blockHash: log.blockHash } : {}
    const args = { ...shaped(found.args), ...beside }
    const result = chainEvent.safeParse(asWritten({ ...args, name, block, logIndex, transaction }))
    if (result.success) events.push(result.data)
    else {
      const [issue] = result.error.issues
      onRefused({ name, transaction, why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` })
    }
  }
  return events.sort((a, b) => (a.block === b.block ? a.logIndex - b.logIndex : a.block < b.block ? -1 : 1))
}
