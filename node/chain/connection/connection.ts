import { createPublicClient, decodeFunctionResult, encodeFunctionData, parseEventLogs } from 'viem'
import type {
  Abi,
  ContractEventName,
  ContractFunctionArgs,
  ContractFunctionName,
  DecodeFunctionResultParameters,
  EncodeFunctionDataParameters,
  ParseEventLogsReturnType,
  PublicClient,
  ReadContractReturnType,
  TransactionReceipt
} from 'viem'
import { tilthTokenAbi } from '../../../protocol/contracts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { ChainError, chainError } from '../errors/index.ts'
import { createReads } from './reads.ts'
import { rpcAt } from './rpc.ts'
import { createSender } from './sender.ts'
import type { Sender } from './sender.ts'
import type { Mined } from '../addresses.ts'
import type { Mempool, SentTransaction } from '../sent.ts'

/** A call of a contract, typed by its ABI. `what` names it in errors. */
interface Call<A extends Abi, M extends 'read' | 'write', N extends ContractFunctionName<A, Mutability[M]>> {
  what: string
  address: Address
  abi: A
  functionName: N
  args: ContractFunctionArgs<A, Mutability[M], N>
}
interface Mutability {
  read: 'pure' | 'view'
  write: 'nonpayable' | 'payable'
}

/** One RPC endpoint and, with a key, one account: what the contracts' files are written on. */
export interface Connection {
  readonly client: PublicClient
  readonly chainId: number
  readonly account: Address | undefined
  /** Milliseconds between looks at the chain: short for a local one. */
  readonly pollMs: number
  read<const A extends Abi, N extends ContractFunctionName<A, 'pure' | 'view'>>(
    call: Call<A, 'read', N>
  ): Promise<ReadContractReturnType<A, N, ContractFunctionArgs<A, 'pure' | 'view', N>>>
  /**
   * Sends and waits until it is mined.
   * @throws ChainError `chain.reverted` before sending if the contract would refuse
   */
  write<const A extends Abi, N extends ContractFunctionName<A, 'nonpayable' | 'payable'>>(
    call: Call<A, 'write', N>
  ): Promise<TransactionReceipt>
  /** Any transaction: a deployment without `to`, or coin. */
  send(what: string, transaction: { to?: Address; data?: Hex; value?: bigint }): Promise<TransactionReceipt>
  /** Lets a contract take tokens of this account; asked once, for all that follows. */
  allow(token: Address, spender: Address, amount: bigint): Promise<void>
  /** Told of every transaction of this account's that was mined; its caller is when the listeners are done. */
  onMined(listener: (sent: SentTransaction) => Promise<void>): void
  /** Undefined without a key. */
  readonly mempool: Mempool | undefined
  stop(): Promise<void>
}

/** @throws ChainError `chain.unreachable` */
export async function connect({ rpcUrl, privateKey }: { rpcUrl: string; privateKey?: Hex }): Promise<Connection> {
  const rpc = rpcAt(rpcUrl)
  const client: PublicClient = createPublicClient({
    transport: rpc.transport,
    cacheTime: 0
  })
  const readTogether = createReads(client)
  const chainId = await client.getChainId().catch((error: unknown) => {
    rpc.close()
    throw chainError(`connecting to ${rpcUrl}`, error)
  })
  const pollMs = isLocal(rpcUrl) ? 200 : 4000
  const minedListeners: ((sent: SentTransaction) => Promise<void>)[] = []
  const sender: Sender | undefined =
    privateKey === undefined
      ? undefined
      : createSender({
          client,
          chainId,
          privateKey,
          pollMs: isLocal(rpcUrl) ? 50 : 1500,
          onMined: async transaction => {
            await Promise.all(minedListeners.map(listener => listener(transaction)))
          }
        })
  const allowances = new Map<string, Promise<void>>()

  const read: Connection['read'] = async ({ what, address, abi, functionName, args }) => {
    try {
      const data = await readTogether(
        address,
        encodeFunctionData({ abi, functionName, args } as unknown as EncodeFunctionDataParameters)
      )
      if (data === undefined)
        throw new ChainError('chain.network', `${what}: there is no such contract at ${address}`, {
          help: 'Check the contract addresses and the chain they belong to.'
        })
      return decodeFunctionResult({
        abi,
        functionName,
        args,
        data
      } as unknown as DecodeFunctionResultParameters) as never
    } catch (error) {
      throw chainError(what, error)
    }
  }
  const send: Connection['send'] = (what, transaction) => {
    if (sender === undefined)
      return Promise.reject(
        new ChainError('chain.read-only', `${what} needs a key`, {
          help: 'Start with a key: this chain client can only read.'
        })
      )
    return sender.send(what, transaction)
  }
  const write: Connection['write'] = ({ what, address, abi, functionName, args }) =>
    send(what, {
      to: address,
      data: encodeFunctionData({ abi, functionName, args } as unknown as EncodeFunctionDataParameters)
    })

  return {
    client,
    chainId,
    pollMs,
    account: sender?.address,
    mempool: sender?.mempool,
    read,
    write,
    send,
    async allow(token, spender, amount) {
      const owner = sender?.address
      if (owner === undefined) return
      const allowance = await read({
        what: 'reading an allowance',
        address: token,
        abi: tilthTokenAbi,
        functionName: 'allowance',
        args: [owner, spender]
      })
      if (allowance >= amount) return
      // Contracts here are immutable and take tokens only in calls of the owner's own, or by its signed commitment: one
      // approval for all is no more power than one for each, and half the transactions.
      let pending = allowances.get(spender)
      if (pending === undefined) {
        pending = write({
          what: 'approving tokens',
          address: token,
          abi: tilthTokenAbi,
          functionName: 'approve',
          args: [spender, (1n << 256n) - 1n]
        }).then(() => undefined)
        allowances.set(spender, pending)
        pending.finally(() => allowances.delete(spender)).catch(() => undefined)
      }
      await pending
    },
    onMined(listener) {
      minedListeners.push(listener)
    },
    async stop() {
      await sender?.stop()
      rpc.close()
    }
  }
}

function isLocal(rpcUrl: string): boolean {
  const { hostname } = new URL(rpcUrl)
  return hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]'
}

export const mined = ({ transactionHash, blockNumber }: TransactionReceipt): Mined => ({
  transaction: transactionHash,
  block: blockNumber
})

/** The one event of that name that a transaction left behind. @throws ChainError `chain.event` if there is none */
export function eventOf<const A extends Abi, N extends ContractEventName<A>>(
  receipt: TransactionReceipt,
  abi: A,
  eventName: N
): ParseEventLogsReturnType<A, N, true>[number]['args'] {
  const [event] = parseEventLogs({ abi, eventName, logs: receipt.logs })
  if (event === undefined)
    throw new ChainError('chain.event', `transaction ${receipt.transactionHash} has no ${eventName}`, {
      help: "The contracts at these addresses are not this version's."
    })
  return event.args as ParseEventLogsReturnType<A, N, true>[number]['args']
}

/** Addresses come with checksums from the library; here they are lower case. */
export const lower = (address: string): Address => address.toLowerCase() as Address
