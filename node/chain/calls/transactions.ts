import { BlockNotFoundError, TransactionNotFoundError, TransactionReceiptNotFoundError, decodeFunctionData } from 'viem'
import { parseEventLogs } from 'viem'
import type { Abi, Log } from 'viem'
import { tilthTokenAbi } from '../../../protocol/contracts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Addresses } from '../addresses.ts'
import { lower } from '../connection/index.ts'
import type { Connection } from '../connection/index.ts'
import { allAbis, chainError } from '../errors/index.ts'
import { readEvents } from '../events/index.ts'
import type { ChainEvent } from '../events/index.ts'

/** Times of blocks in memory: they never change once a block has others on it. */
const timesKept = 20_000
/** Blocks whose time one question asks the chain for; times between them follow a straight line. */
const blocksAsked = 128

/** As a plain list: nothing here is typed by what each of a hundred functions takes. */
const plainAbis: Abi = allAbis

/** Tokens that went from one account to another. */
export interface Transfer {
  readonly from: Address
  readonly to: Address
  readonly amount: bigint
}

/** A mined transaction, as far as it has to do with the deployment. Times are chain seconds. */
export interface TransactionOnChain {
  readonly hash: Hex
  readonly block: bigint
  readonly at: bigint
  readonly from: Address
  /** Null where it deployed a contract. */
  readonly to: Address | null
  /** Which of the deployment's contracts that is. */
  readonly contract: keyof Addresses | null
  /** The function that was called and what it was given; null where it is none of the deployment's. */
  readonly call: { readonly name: string; readonly args: Readonly<Record<string, unknown>> } | null
  readonly succeeded: boolean
  readonly gasUsed: bigint
  /** Of the chain's own coin, in its smallest unit. */
  readonly cost: bigint
  readonly events: readonly ChainEvent[]
  readonly transfers: readonly Transfer[]
}

export interface Transactions {
  /** Undefined where the chain has no such transaction, or has not mined it. */
  transaction(hash: Hex): Promise<TransactionOnChain | undefined>
  /**
   * When blocks were made, chain seconds: exact for as many as are asked of the chain at once, between those in
   * proportion.
   */
  times(blocks: readonly bigint[]): Promise<ReadonlyMap<bigint, bigint>>
}

export function createTransactions({ client }: Pick<Connection, 'client'>, addresses: Addresses): Transactions {
  const kept = createCache<bigint, bigint>({ max: timesKept })
  const names = new Map(Object.entries(addresses).map(([name, at]) => [at as Address, name as keyof Addresses]))

  async function timeOf(block: bigint): Promise<bigint> {
    const known = kept.get(block)
    if (known !== undefined) return known
    const { timestamp } = await client.getBlock({ blockNumber: block })
    kept.set(block, timestamp)
    return timestamp
  }

  function callOf(data: Hex): TransactionOnChain['call'] {
    try {
      const { functionName, args } = decodeFunctionData({ abi: plainAbis, data })
      const called = plainAbis.find(item => item.type === 'function' && item.name === functionName)
      const inputs = called?.type === 'function' ? called.inputs : []
      return {
        name: functionName,
        args: Object.fromEntries((args ?? []).map((value, i) => [inputs[i]?.name ?? String(i + 1), value]))
      }
    } catch (error) {
      if (error instanceof Error) return null // no function of ours
      throw error
    }
  }

  return {
    async transaction(hash) {
      try {
        const [sent, mined] = await Promise.all([
          client.getTransaction({ hash }),
          client.getTransactionReceipt({ hash })
        ])
        const logs = mined.logs as Log<bigint, number, false>[]
        const ours = logs.filter(({ address }) => names.has(lower(address)))
        const to = sent.to === null ? null : lower(sent.to)
        const contract = to === null ? null : (names.get(to) ?? null)
        return {
          hash: lower(hash),
          block: mined.blockNumber,
          at: await timeOf(mined.blockNumber),
          from: lower(sent.from),
          to,
          contract,
          call: contract === null ? null : callOf(sent.input),
          succeeded: mined.status === 'success',
          gasUsed: mined.gasUsed,
          cost: mined.gasUsed * mined.effectiveGasPrice,
          events: readEvents(ours.filter(({ address }) => lower(address) !== addresses.token)),
          transfers: parseEventLogs({
            abi: tilthTokenAbi,
            eventName: 'Transfer',
            logs: ours.filter(({ address }) => lower(address) === addresses.token)
          }).map(({ args }) => ({ from: lower(args.from), to: lower(args.to), amount: args.value }))
        }
      } catch (error) {
        if (
          error instanceof TransactionNotFoundError ||
          error instanceof TransactionReceiptNotFoundError ||
          error instanceof BlockNotFoundError
        )
          return undefined
        throw chainError(`transaction ${hash}`, error)
      }
    },
    async times(blocks) {
      const wanted = [...new Set(blocks)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      const unknown = wanted.filter(block => kept.get(block) === undefined)
      const step = Math.max(1, Math.ceil(unknown.length / blocksAsked))
      const asked = unknown.filter((_, i) => i % step === 0 || i === unknown.length - 1)
      try {
        await Promise.all(asked.map(timeOf))
      } catch (error) {
        throw chainError('times of blocks', error)
      }
      return between(wanted, block => kept.get(block))
    }
  }
}

/** Times of blocks in ascending order, those that are not known in proportion between the nearest that are. */
function between(blocks: readonly bigint[], known: (block: bigint) => bigint | undefined): Map<bigint, bigint> {
  const times = new Map<bigint, bigint>()
  const waiting: bigint[] = []
  let last: { block: bigint; at: bigint } | undefined
  for (const block of blocks) {
    const at = known(block)
    if (at === undefined) {
      waiting.push(block)
      continue
    }
    for (const one of waiting.splice(0)) {
      const from = last ?? { block, at }
      const span = block - from.block
      times.set(one, span === 0n ? at : from.at + ((at - from.at) * (one - from.block)) / span)
    }
    times.set(block, at)
    last = { block, at }
  }
  for (const one of waiting) times.set(one, last?.at ?? 0n)
  return times
}
