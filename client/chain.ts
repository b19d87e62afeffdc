import { InvalidError, address, readAs } from '../protocol/primitives/index.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'
import { paymentChannelsAbi } from '../protocol/contracts/index.ts'
import type { Network } from '../protocol/crypto/index.ts'
import { z } from 'zod'
import { createChannels } from '../node/chain/calls/channels.ts'
import { createModels } from '../node/chain/calls/models.ts'
import { createTokens } from '../node/chain/calls/tokens.ts'
import type { Addresses, Channels, Models, Tokens } from '../node/chain/types.ts'
import { connect, lower } from '../node/chain/connection/index.ts'
import { ChainError, chainError } from '../node/chain/errors/index.ts'
import type { Clock } from '../node/runtime/types.ts'
import { createFoundOutAt } from './found-out.ts'
import type { NetworkDescription } from './types.ts'

export interface LightChain {
  readonly network: Network
  readonly channels: Channels
  readonly models: Models
  readonly tokens: Tokens
  /** When scorers of a pool have found a worker out last, in chain seconds; 0 where they never have. */
  foundOutAt(pool: Hex, worker: Address, signal?: AbortSignal): Promise<bigint>
  readonly ledger: { untilConfirmed(block: bigint, signal?: AbortSignal): Promise<void> }
  head(): Promise<{ block: bigint; timestamp: bigint }>
  /** Channels that this account opened, by blocks, both included. */
  openedWithin(from: bigint, to: bigint): Promise<Hex[]>
  stop(): Promise<void>
}

const contractsForm = z.object({
  token: address,
  registry: address,
  models: address,
  channels: address,
  serving: address.optional()
})

/** A chain that everybody can start, and on which nobody waits. */
export const developmentChain = 31337

/**
 * The contracts that a light peer has to do with, as one account sees them through an RPC.
 * @throws InvalidError `client.network` · ChainError `chain.unreachable`, `chain.network`
 */
export async function connectChain(
  { chain }: NetworkDescription,
  { rpc, key, confirmations, clock }: { rpc: string; key: Hex; confirmations: number | undefined; clock: Clock }
): Promise<LightChain> {
  const lowered = Object.fromEntries(
    Object.entries(chain.contracts).map(([name, value]) => [name, typeof value === 'string' ? lower(value) : value])
  )
  const addresses = readAs(contractsForm, lowered, 'client.network') as unknown as Addresses
  const connection = await connect({ rpcUrl: rpc, privateKey: key })
  const account = connection.account as Address
  const wanted = confirmations ?? (chain.chainId === developmentChain ? 1 : 12)
  const tokens = createTokens(connection, addresses)
  const channels = createChannels(connection, addresses)
  const head = async (): Promise<{ block: bigint; timestamp: bigint }> => {
    const { number, timestamp } = await connection.client.getBlock({ blockTag: 'latest' }).catch((error: unknown) => {
      throw chainError('latest block', error)
    })
    return { block: number, timestamp }
  }
  try {
    // [reject] The RPC is of the network's chain, and its contracts are there.
    if (connection.chainId !== chain.chainId)
      throw new ChainError('chain.network', `the RPC is of chain ${connection.chainId}, not of ${chain.chainId}`, {
        help: 'Give an RPC of the network’s chain.'
      })
    await Promise.all([tokens.totalSupply(), channels.disputeWindow()])
  } catch (error) {
    await connection.stop()
    throw error
  }
  if (wanted < 0 || wanted > 256)
    throw new InvalidError('client.network', 'confirmations are 0 to 256 blocks', { help: 'Leave them away.' })

  return {
    network: { chainId: connection.chainId, registry: addresses.registry },
    channels,
    models: createModels(connection, addresses),
    tokens,
    foundOutAt: createFoundOutAt(connection, addresses.serving, clock),
    head,
    ledger: {
      async untilConfirmed(block, signal) {
        while ((await head()).block - block + 1n < BigInt(wanted)) await clock.sleep(connection.pollMs, signal)
      }
    },
    async openedWithin(from, to) {
      const { block } = await head()
      const found = await connection.client
        .getContractEvents({
          address: addresses.channels,
          abi: paymentChannelsAbi,
          eventName: 'ChannelOpened',
          args: { client: account },
          fromBlock: from,
          toBlock: to < block ? to : block
        })
        .catch((error: unknown) => {
          throw chainError('looking for channels', error)
        })
      return found.flatMap(({ args }) => (args.channel === undefined ? [] : [args.channel]))
    },
    stop: () => connection.stop()
  }
}
