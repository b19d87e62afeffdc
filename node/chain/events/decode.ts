import { decodeAbiParameters } from 'viem'
import type { AbiEvent, Log } from 'viem'

type Inputs = AbiEvent['inputs']
/** Made once for each event: a ledger reads hundreds of thousands of logs. */
const parts = new WeakMap<AbiEvent, { readonly indexed: Inputs; readonly plain: Inputs }>()
function partsOf(event: AbiEvent): { readonly indexed: Inputs; readonly plain: Inputs } {
  const known = parts.get(event)
  if (known !== undefined) return known
  const made = {
    indexed: event.inputs.filter(({ indexed }) => indexed === true),
    plain: event.inputs.filter(({ indexed }) => indexed !== true)
  }
  parts.set(event, made)
  return made
}
/** A topic holds the hash of what has no fixed length, and that is what it is read as. */
const isHashed = (type: string): boolean => type === 'string' || type === 'bytes' || /^tuple|\]$/.test(type)

/**
 * What a log says whose first topic is this event's, by the names of its parameters. As viem's `decodeEventLog`, which
 * hashes the event's name and types anew for each log to see that it is this one's, and so takes twice as long.
 * @returns undefined where topics or data are not this event's
 */
export function decodeLog(
  event: AbiEvent,
  { topics, data }: Pick<Log, 'topics' | 'data'>
): Record<string, unknown> | undefined {
  const { indexed, plain } = partsOf(event)
  const args: Record<string, unknown> = {}
  const values = topics.slice(1)
  try {
    for (const [i, input] of indexed.entries()) {
      const topic = values[i]
      if (topic === undefined) return undefined
      args[input.name ?? i] = isHashed(input.type) ? topic : decodeAbiParameters([input], topic)[0]
    }
    if (plain.length > 0) {
      if (data === '0x') return undefined
      const decoded: readonly unknown[] = decodeAbiParameters(plain, data)
      for (const [i, input] of plain.entries()) args[input.name ?? i] = decoded[i]
    }
    return args
  } catch {
    return undefined // another event's of the same name and types, or what no contract would say
  }
}
