import { nodeRegistryAbi } from '../../protocol/contracts/index.ts'
import { createChannels } from './channels.ts'
import { connect, lower } from './connection.ts'
import { createDatanets } from './datanets.ts'
import { ChainError, chainError } from './errors.ts'
import { createEscrows } from './escrows.ts'
import { followChain } from './follow.ts'
import { createModels } from './models.ts'
import { createNodes } from './nodes.ts'
import { createPayouts } from './payouts.ts'
import { createTokens } from './tokens.ts'
import type { Addresses, Chain, ChainOptions, Follower } from './types.ts'

/**
 * A deployment on a chain, as one account sees it (or nobody, without a key).
 * @throws ChainError `chain.unreachable`; `chain.network` if the contracts are not at these addresses
 * @example const chain = await createChain({ rpcUrl, addresses, privateKey }); await chain.nodes.stake(10n ** 18n)
 */
export async function createChain({ rpcUrl, addresses: given, privateKey }: ChainOptions): Promise<Chain> {
  const addresses = Object.fromEntries(
    Object.entries(given).map(([name, address]) => [name, lower(address as string)])
  ) as unknown as Addresses
  const connection = await connect({ rpcUrl, privateKey })
  await requireContracts(connection, addresses)
  const followers = new Set<Follower>()

  return {
    network: { chainId: connection.chainId, registry: addresses.registry },
    addresses,
    account: connection.account,
    tokens: createTokens(connection, addresses),
    nodes: createNodes(connection, addresses),
    datanets: createDatanets(connection, addresses),
    models: createModels(connection, addresses),
    escrows: createEscrows(connection, addresses),
    channels: createChannels(connection, addresses),
    payouts: createPayouts(connection, addresses),
    async head() {
      const { number, timestamp } = await connection.client.getBlock({ blockTag: 'latest' }).catch((error: unknown) => {
        throw chainError('latest block', error)
      })
      return { block: number, timestamp }
    },
    follow({ pollMs, ...options }, handlers) {
      const follower = followChain(
        connection.client,
        Object.values(addresses),
        { ...options, pollMs: pollMs ?? connection.pollMs },
        handlers
      )
      const owned: Follower = {
        async stop() {
          followers.delete(owned)
          await follower.stop()
        }
      }
      followers.add(owned)
      return owned
    },
    async stop() {
      await Promise.all([...followers].map(follower => follower.stop()))
      await connection.stop()
    }
  }
}

/** [fatal] There is code at every address, and the registry deals in the token that is named beside it. */
async function requireContracts(connection: Awaited<ReturnType<typeof connect>>, addresses: Addresses): Promise<void> {
  const help = 'The addresses belong to another chain, or the chain was started afresh: deploy again or correct them.'
  await Promise.all(
    Object.entries(addresses).map(async ([name, address]) => {
      const code = await connection.client.getCode({ address }).catch((error: unknown) => {
        throw chainError('looking for the contracts', error)
      })
      if (code === undefined)
        throw new ChainError(
          'chain.network',
          `there is no ${name} contract at ${address} on chain ${connection.chainId}`,
          { help }
        )
    })
  )
  const token = await connection.read({
    what: 'token of the registry',
    address: addresses.registry,
    abi: nodeRegistryAbi,
    functionName: 'token',
    args: []
  })
  if (lower(token) !== addresses.token)
    throw new ChainError('chain.network', `the registry deals in ${lower(token)}, not in ${addresses.token}`, { help })
}
