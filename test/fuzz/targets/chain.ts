import fc from 'fast-check'
import { encodeAbiParameters, encodeEventTopics } from 'viem'
import type { Abi, AbiEvent, AbiParameter, Hex, Log } from 'viem'
import { allAbis } from '../../../node/chain/errors/index.ts'
import { chainEvent, eventNames } from '../../../node/chain/events/events.ts'
import { readEvents } from '../../../node/chain/events/index.ts'
import { InvalidError, foreignCode } from '../../../protocol/primitives/index.ts'
import { target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { wrongBytes } from '../kit/wrong-bytes.ts'
import { wrongJson } from '../kit/wrong-json.ts'

// What an RPC says that the contracts told: logs whose data, topics and places are wrong.

type MinedLog = Log<bigint, number, false>

const bytesText = (size: number): fc.Arbitrary<Hex> =>
  fc
    .uint8Array({ minLength: size, maxLength: size })
    .map(bytes => `0x${Buffer.from(bytes).toString('hex')}` satisfies Hex)

/** A value of an ABI's type. */
function valueOf({ type, ...parameter }: AbiParameter): fc.Arbitrary<unknown> {
  if (type.endsWith('[]')) {
    const item = { ...parameter, type: type.slice(0, -2) } as AbiParameter
    return fc.array(valueOf(item), { maxLength: 3 })
  }
  if (type === 'tuple')
    return fc.record(
      Object.fromEntries(
        (parameter as { components: readonly AbiParameter[] }).components.map(part => [part.name ?? '', valueOf(part)])
      )
    )
  if (type === 'address') return bytesText(20)
  if (type === 'bool') return fc.boolean()
  if (type === 'string') return fc.string({ maxLength: 120 })
  if (type.startsWith('bytes')) return bytesText(Number(type.slice(5)))
  const bits = Number(type.replace(/^u?int/, ''))
  return bits <= 48 ? fc.nat(2 ** Math.min(bits, 31) - 1) : fc.bigInt(0n, (1n << BigInt(bits)) - 1n)
}

const contract: Hex = `0x${'c0'.repeat(20)}`
const bytes = (hex: Hex): Uint8Array => Buffer.from(hex.slice(2), 'hex')
const hex = (from: Uint8Array): Hex => `0x${Buffer.from(from).toString('hex')}`

/** Logs of an event as its contract writes them. */
export function logsOf(event: AbiEvent): fc.Arbitrary<MinedLog> {
  const all = fc.tuple(...event.inputs.map(valueOf))
  const place = fc.record({ block: fc.bigInt(0n, 1n << 40n), index: fc.nat(1000), transaction: bytesText(32) })
  return fc.tuple(all, place).map(([values, { block, index, transaction }]) => {
    const args = Object.fromEntries(event.inputs.map(({ name }, i) => [name, values[i]]))
    const plain = event.inputs.flatMap((input, i) => (input.indexed === true ? [] : [[input, values[i]] as const]))
    return {
      address: contract,
      topics: encodeEventTopics({ abi: [event] as Abi, eventName: event.name, args }),
      data: encodeAbiParameters(
        plain.map(([input]) => input),
        plain.map(([, value]) => value)
      ),
      blockNumber: block,
      blockHash: transaction,
      transactionHash: transaction,
      transactionIndex: 0,
      logIndex: index,
      removed: false
    } as unknown as MinedLog
  })
}

/** The same with wrong data, or with wrong topics. */
export const wrongLogs = (event: AbiEvent): fc.Arbitrary<MinedLog> =>
  fc.tuple(logsOf(event), fc.boolean()).chain(([log, isData]) =>
    isData
      ? wrongBytes(fc.constant(bytes(log.data))).map(data => ({ ...log, data: hex(data) }))
      : fc.tuple(fc.nat(4), wrongBytes(fc.constant(bytes(log.topics.at(-1) ?? '0x00')))).map(([kept, topic]) => ({
          ...log,
          topics: [...log.topics.slice(0, kept), hex(topic)] as unknown as MinedLog['topics']
        }))
  )

export const events = allAbis.filter(
  (item): item is (typeof allAbis)[number] & AbiEvent =>
    item.type === 'event' && eventNames.some(name => name === item.name)
)

/** Logs of several events at once: one that is wrong keeps no other from being read. */
const mixed = target({
  name: 'logs of all contracts',
  cases: fc
    .array(
      fc.constantFrom(...events).chain(event =>
        fc.oneof(
          logsOf(event).map(log => ({ log, isGood: true })),
          wrongLogs(event).map(log => ({ log, isGood: false }))
        )
      ),
      { minLength: 1, maxLength: 6 }
    )
    .map(input => ({ isGood: true, input })),
  read(logs: readonly { log: MinedLog; isGood: boolean }[]) {
    let refused = 0
    const read = readEvents(
      logs.map(({ log }) => log),
      () => refused++
    )
    const good = logs.filter(({ isGood }) => isGood).length
    if (read.length + refused < good) throw new Error(`${good} good logs, ${read.length} read and ${refused} refused`)
  },
  weight: 5
})

export const chainTargets: readonly Target[] = [
  ...events.map(event =>
    target({
      name: `the event ${event.name}`,
      cases: wrongLogs(event).map(input => ({ isGood: false, input })),
      read: (log: MinedLog) => readEvents([log]),
      weight: 4
    })
  ),
  mixed,
  target({
    name: 'events as they stand on disk',
    cases: wrongJson(
      fc
        .constantFrom(...eventNames)
        .map(name => ({ name, block: '1', logIndex: 0, transaction: `0x${'01'.repeat(32)}` }))
    ).map(input => ({ isGood: false, input })),
    read(value: unknown) {
      const read = chainEvent.safeParse(value)
      if (!read.success) throw new InvalidError(foreignCode('test.shape'), 'another shape')
    }
  })
]
