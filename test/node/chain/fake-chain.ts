import { encodeAbiParameters, encodeEventTopics } from 'viem'
import type { AbiEvent } from 'viem'
import { allAbis } from '../../../node/chain/errors/refusals.ts'
import type { ChainEvent, ChainEventName } from '../../../node/chain/index.ts'
import type { Header, MinedLog, Source } from '../../../node/chain/follower/source.ts'
import { registrationStruct, type Registration } from '../../../protocol/contracts/index.ts'
import { keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

// A chain made of data: blocks of events that the contracts could have made, and that can be taken back.

type Distribute<T> = T extends unknown ? Omit<T, 'block' | 'logIndex' | 'transaction'> : never
/** In a transaction of its own, unless it names one that it shares with others. */
export type Fact = Distribute<ChainEvent> & { readonly transaction?: Hex }

const word = (kind: string, n: number): Hex => keccak(`${kind} ${n}`)
export const who = (n: number): Address => `0x${word('who', n).slice(2, 42)}`

/** What the contracts would allow next; a copy for each block, so that a block can be taken back. */
interface State {
  made: number
  datanets: {
    id: Hex
    index: number
    version: number
    rules: number
    open?: Hex | undefined
    next?: Address | undefined
    batch?: { readonly id: Hex; readonly step: number } | undefined
  }[]
  channels: { id: Hex; deposit: bigint; claimed: bigint }[]
  models: Hex[]
  bonds: { id: Hex; contributor: Address; amount: bigint }[]
  pools: {
    id: Hex
    deposited: bigint
    epoch: number
    round: number
    pending: boolean
    total: bigint
    claimed: bigint
  }[]
}

const fresh = (): State => ({ made: 0, datanets: [], channels: [], models: [], bonds: [], pools: [] })

/** An event that can come next, chosen by a number. */
export function nextFact(state: State, choice: number): Fact {
  const n = ++state.made
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(choice / 16) % Math.max(1, list.length)]
  const datanet = pick(state.datanets)
  const channel = pick(state.channels)
  const pool = pick(state.pools)
  switch (choice % 16) {
    case 0: {
      const id = word('datanet', n)
      state.datanets.push({ id, index: 0, version: 0, rules: 1 })
      const validators = [{ address: who(1), weight: 5n }]
      return { name: 'DatanetCreated', datanet: id, host: who(2), rules: word('rules', n), createdAt: 7n, validators }
    }
    case 1:
    case 2:
      if (datanet === undefined) break
      return {
        name: 'Committed',
        datanet: datanet.id,
        contribution: word('contribution', n),
        contributor: who(n % 9),
        commitment: word('commitment', n),
        index: BigInt(++datanet.index)
      }
    case 3:
      if (datanet === undefined) break
      return {
        name: 'VersionAnchored',
        datanet: datanet.id,
        version: ++datanet.version,
        root: word('root', n),
        count: 3,
        cid: `bafy${n}`,
        blockHash: zeroHash // whoever asks is told the block's own
      }
    case 4: {
      const id = word('model', n)
      state.models.push(id)
      const registration = {
        name: `model ${n}`,
        base: 'bafybase',
        adapter: 'bafyadapter',
        result: 'bafyresult',
        licence: '',
        datanet: datanet?.id ?? word('none', 0),
        version: 1,
        job: word('job', n),
        worker: who(3),
        split: { worker: 5000, builder: 3000, data: 2000 }
      }
      return { name: 'ModelRegistered', model: id, builder: who(4), datanet: registration.datanet, registration }
    }
    case 5: {
      const id = word('channel', n)
      state.channels.push({ id, deposit: 1000n, claimed: 0n })
      const parties = { client: who(n % 5), worker: who(3), model: pick(state.models) ?? word('model', 0) }
      return { name: 'ChannelOpened', channel: id, ...parties, deposit: 1000n, expiry: 99n }
    }
    case 6:
      if (channel === undefined) break
      channel.deposit += 500n
      return { name: 'ChannelToppedUp', channel: channel.id, deposit: channel.deposit }
    case 7:
      if (channel === undefined) break
      channel.claimed += 30n
      return {
        name: 'ChannelClaimed',
        channel: channel.id,
        claimed: channel.claimed,
        toWorker: 15n,
        toBuilder: 9n,
        toData: 6n,
        toUpstream: 0n
      }
    case 8:
    case 9: {
      const at = pool ?? {
        id: word('pool', n),
        deposited: 0n,
        epoch: 0,
        round: 0,
        pending: false,
        total: 0n,
        claimed: 0n
      }
      if (pool === undefined) state.pools.push(at)
      at.deposited += 60n
      return { name: 'PoolDeposited', pool: at.id, amount: 60n }
    }
    case 10:
      if (pool === undefined) break
      if (pool.pending) {
        pool.pending = false
        if (choice % 5 === 0)
          return {
            name: 'EpochVoided',
            pool: pool.id,
            epoch: pool.epoch + 1,
            challenger: who(8),
            reason: word('reason', 0),
            reward: 5n
          }
        pool.epoch++
        pool.round = 0
        pool.total = pool.deposited
        return { name: 'EpochFinalized', pool: pool.id, epoch: pool.epoch, payoutsTotal: pool.total }
      }
      pool.pending = true
      pool.round++
      return {
        name: 'EpochProposed',
        pool: pool.id,
        epoch: pool.epoch + 1,
        proposer: who(6),
        round: pool.round,
        bond: 50n,
        receiptsRoot: word('receipts', n),
        receiptsTotal: 90n,
        receiptCount: 4,
        payoutsRoot: word('payouts', n),
        payoutsTotal: pool.deposited,
        bundle: `bafybundle${n}`,
        challengeEnds: 77n
      }
    case 11:
      if (pool === undefined || pool.claimed >= pool.total) break
      pool.claimed += 1n
      return { name: 'PayoutClaimed', pool: pool.id, account: who(7), amount: 1n, cumulative: pool.claimed }
    case 12: {
      if (datanet === undefined) break
      const { id, open } = datanet
      if (choice % 28 >= 14) {
        const { id: batch, step } = (datanet.batch ??= { id: word('batch', n), step: 0 })
        datanet.batch = step === 4 ? undefined : { id: batch, step: step + 1 }
        const version = datanet.version + 1
        const sealed = { keyHash: word('key', n), questions: '0x0102', keys: '0x03' }
        if (step === 0) return { name: 'BatchPut', datanet: id, batch, writer: who(n % 9), roster: 1, ...sealed }
        if (step === 1)
          return { name: 'BatchSpoken', batch, validator: who(1), consents: true, consent: 5n, against: 0n }
        if (step === 2) return { name: 'BatchAccepted', datanet: id, batch, version }
        if (step === 3) return { name: 'BatchesDue', datanet: id, version, batches: 1, until: 99n }
        return { name: 'BatchOpened', batch, key: word('key', n) }
      }
      if (open === undefined) {
        datanet.open = word('amendment', n)
        const asked = { number: datanet.rules + 1, roster: 1, follows: word('rules', n), text: `{"n":${n}}` }
        return { name: 'RulesProposed', datanet: id, amendment: datanet.open, by: who(2), ...asked }
      }
      datanet.open = undefined
      return { name: 'RulesSet', datanet: id, number: ++datanet.rules, amendment: open, rules: word('set', n) }
    }
    case 13: {
      if (datanet === undefined) break
      const { id, next } = datanet
      datanet.next = next === undefined ? who(n % 9) : undefined
      return next === undefined
        ? { name: 'HostNamed', datanet: id, host: who(2), next: datanet.next ?? who(2) }
        : { name: 'HostChanged', datanet: id, from: who(2), host: next }
    }
    case 14: {
      if (datanet === undefined) break
      const bond = { id: word('bonded', n), contributor: who(n % 3), amount: BigInt(n) }
      state.bonds.push(bond)
      const { id: contribution, ...of } = bond
      return { name: 'BondLocked', contribution, datanet: datanet.id, ...of, lasts: 5n, until: BigInt(n + 5) }
    }
    case 15: {
      const ended = endOf(state.bonds, choice, n)
      if (ended === undefined) break
      return ended
    }
  }
  return { name: 'Staked', node: who(n % 7), amount: 11n }
}

/** Whatever can become of a bond that is open. */
function endOf(bonds: State['bonds'], choice: number, n: number): Fact | undefined {
  const at = Math.floor(choice / 16) % Math.max(1, bonds.length)
  const bond = bonds[at]
  if (bond === undefined) return undefined
  const { id: contribution, contributor, amount } = bond
  if (choice % 5 === 0) return { name: 'SpamCalled', contribution, validator: who(n % 9), spam: BigInt(n) }
  bonds.splice(at, 1)
  return { name: choice % 5 < 3 ? 'BondReturned' : 'BondBurnt', contribution, contributor, amount }
}

const items = new Map(
  (allAbis as readonly { type: string; name?: string }[])
    .filter((item): item is AbiEvent => item.type === 'event')
    .map(item => [item.name, item])
)

/** An event as a contract logs it. */
export function logOf(event: ChainEvent, blockHash: Hex): MinedLog {
  const known = logs.get(event)
  const log = known?.blockHash === blockHash ? known : encoded(event, blockHash)
  logs.set(event, log)
  return log
}
/** Of events that are asked for by many. */
const logs = new WeakMap<ChainEvent, MinedLog>()

function encoded({ name, block, logIndex, transaction, ...fields }: ChainEvent, blockHash: Hex): MinedLog {
  const item = items.get(name)
  if (item === undefined) throw new TypeError(name)
  const args = { ...fields } as Record<string, unknown>
  if (name === 'DatanetCreated') {
    const roster = args['validators'] as { address: Address; weight: bigint }[]
    args['validators'] = roster.map(({ address }) => address)
    args['weights'] = roster.map(({ weight }) => weight)
  }
  if (name === 'ModelRegistered') {
    args['registration'] = registrationStruct(args['registration'] as Registration)
  }
  const plain = item.inputs.filter(({ indexed }) => indexed !== true)
  return {
    address: who(99),
    topics: encodeEventTopics({ abi: [item], eventName: name, args } as never) as [Hex, ...Hex[]],
    data: encodeAbiParameters(
      plain,
      plain.map(({ name = '' }) => args[name])
    ),
    blockNumber: block,
    blockHash,
    logIndex,
    transactionHash: transaction,
    transactionIndex: 0,
    blockTimestamp: undefined,
    removed: false
  } as unknown as MinedLog
}

interface Block {
  readonly header: Header
  readonly events: readonly ChainEvent[]
  readonly state: State
}

export interface FakeChain {
  readonly chainId: number
  /** A block with an event for each number, or with those that are given. */
  mine(choices: readonly (number | Fact)[]): void
  /** Takes blocks back. */
  drop(blocks: number): void
  readonly height: number
  events(): ChainEvent[]
  readonly source: Source
  /** Calls of each kind. */
  readonly calls: Record<'head' | 'header' | 'logs', number>
}

/** @param salt makes blocks differ from those of another chain @param began second of the first block */
export function fakeChain(salt = '', chainId = 31337, began = 1_000): FakeChain {
  let mined = 0
  const header = (number: number, parent: Hex): Header => ({
    number: BigInt(number),
    hash: keccak(`${salt} block ${number} ${mined++}`),
    parent,
    timestamp: BigInt(began + number)
  })
  const blocks: Block[] = [{ header: header(0, word('none', 0)), events: [], state: fresh() }]
  const calls = { head: 0, header: 0, logs: 0 }
  const at = (i: number): Block => blocks[i] ?? blocks[0]!

  return {
    chainId,
    calls,
    get height() {
      return blocks.length - 1
    },
    mine(choices) {
      const state = structuredClone(at(blocks.length - 1).state)
      const next = header(blocks.length, at(blocks.length - 1).header.hash)
      const events = choices.map((choice, logIndex) => {
        const fact = typeof choice === 'number' ? nextFact(state, choice) : choice
        return {
          transaction: keccak(`${next.hash}${logIndex}`),
          ...fact,
          ...(fact.name === 'VersionAnchored' ? { blockHash: next.hash } : {}),
          block: next.number,
          logIndex
        }
      }) as ChainEvent[]
      blocks.push({ header: next, events, state })
    },
    drop(count) {
      blocks.length = Math.max(1, blocks.length - count)
    },
    events: () => blocks.flatMap(({ events }) => events),
    source: {
      chainId: async () => chainId,
      async head() {
        calls.head++
        return at(blocks.length - 1).header
      },
      async header(block) {
        calls.header++
        return blocks[Number(block)]?.header
      },
      async logs(from, to) {
        calls.logs++
        return blocks
          .slice(Number(from), Number(to) + 1)
          .flatMap(({ events, header }) => events.map(event => logOf(event, header.hash)))
      }
    }
  }
}

/** Events in blocks, as many as wanted, for the ledger itself. */
export function* manyBlocks(events: number, perBlock: number, seed = 1): Generator<ChainEvent[]> {
  const state = fresh()
  let random = seed
  for (let made = 0, block = 1n; made < events; block++) {
    const list: ChainEvent[] = []
    for (let logIndex = 0; logIndex < perBlock && made < events; logIndex++, made++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0
      const place = { block, logIndex, transaction: keccak(`${block}/${logIndex}`) }
      list.push({ ...nextFact(state, random >>> 8), ...place } as ChainEvent)
    }
    yield list
  }
}
export type { ChainEventName }
