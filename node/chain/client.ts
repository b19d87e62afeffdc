import type { Network } from '../../protocol/crypto/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { nodeRegistryAbi } from '../../protocol/contracts/index.ts'
import {
  createAudits,
  createServing,
  createBonds,
  createChannels,
  createDatanets,
  createEscrows,
  createJuries,
  createModels,
  createNodes,
  createPayouts,
  createQuestions,
  createTokens,
  createTransactions
} from './calls/index.ts'
import type {
  AuditCalls,
  ServingCalls,
  Bonds,
  Channels,
  Datanets,
  Escrows,
  Juries,
  Models,
  Nodes,
  Tokens,
  Transactions
} from './calls/index.ts'
import { connect, lower, findDeployment } from './connection/index.ts'
import { ChainError, chainError } from './errors/index.ts'
import type { Payouts, Questions } from './calls/index.ts'
import type { Addresses, Deployment } from './addresses.ts'
import { lacking } from './dispatch.ts'
import { createSource } from './follower/index.ts'
import type { Source } from './follower/index.ts'
import type { Mempool, SentTransaction } from './sent.ts'

export interface Chain {
  readonly network: Network
  readonly addresses: Addresses
  /** The account that signs transactions; undefined when read-only. */
  readonly account: Address | undefined
  readonly tokens: Tokens
  readonly nodes: Nodes
  readonly datanets: Datanets
  readonly questions: Questions
  readonly bonds: Bonds
  readonly models: Models
  readonly escrows: Escrows
  readonly channels: Channels
  readonly payouts: Payouts
  readonly juries: Juries
  readonly audits: AuditCalls
  readonly serving: ServingCalls
  /** Whatever was mined. */
  readonly transactions: Transactions
  /** Latest block's number and time. */
  head(): Promise<{ block: bigint; timestamp: bigint }>
  /** What a follower reads. */
  readonly source: Source
  /** Milliseconds between looks at the chain: short for a local one. */
  readonly pollMs: number
  /**
   * The first block with a contract of this deployment: as given, or found by searching.
   * @throws ChainError `chain.deployment` where neither can be had
   */
  deploymentBlock(): Promise<{ block: bigint; searched: boolean }>
  /** Told of every transaction of this account's that was mined; its caller is when the listeners are done. */
  onMined(listener: (sent: SentTransaction) => Promise<void>): void
  /** Undefined without a key. */
  readonly mempool: Mempool | undefined
  /** Lets running writes end. */
  stop(): Promise<void>
}

export interface ChainOptions {
  rpcUrl: string
  /** With what stands beside the addresses in `contracts.json`, where it is known. */
  addresses: Addresses & Partial<Deployment>
  /** 32 bytes hexadecimal; without it the chain can only be read. */
  privateKey?: Hex
}

/**
 * A deployment on a chain, as one account sees it (or nobody, without a key).
 * @throws ChainError `chain.unreachable`; `chain.network` if the contracts are not at these addresses, `chain.version`
 * if they are of another version
 * @example const chain = await createChain({ rpcUrl, addresses, privateKey }); await chain.nodes.stake(10n ** 18n)
 */
export async function createChain({ rpcUrl, addresses: given, privateKey }: ChainOptions): Promise<Chain> {
  const { chainId, deploymentBlock, ...named } = given
  const addresses = Object.fromEntries(
    Object.entries(named).map(([name, address]) => [name, lower(address as string)])
  ) as unknown as Addresses
  const connection = await connect({ rpcUrl, privateKey })
  try {
    requireChain(connection, chainId)
    await requireContracts(connection, addresses)
  } catch (error) {
    await connection.stop()
    throw error
  }
  // The token's events are everybody's transfers: nothing is followed by them.
  const followed = Object.values(addresses).filter(address => address !== addresses.token)

  return {
    network: { chainId: connection.chainId, registry: addresses.registry },
    addresses,
    account: connection.account,
    tokens: createTokens(connection, addresses),
    nodes: createNodes(connection, addresses),
    datanets: createDatanets(connection, addresses),
    questions: createQuestions(connection, addresses),
    bonds: createBonds(connection, addresses),
    models: createModels(connection, addresses),
    escrows: createEscrows(connection, addresses),
    channels: createChannels(connection, addresses),
    payouts: createPayouts(connection, addresses),
    juries: createJuries(connection, addresses),
    audits: createAudits(connection, addresses),
    serving: createServing(connection, addresses),
    transactions: createTransactions(connection, addresses),
    async head() {
      const { number, timestamp } = await connection.client.getBlock({ blockTag: 'latest' }).catch((error: unknown) => {
        throw chainError('latest block', error)
      })
      return { block: number, timestamp }
    },
    source: createSource(connection.client, followed),
    pollMs: connection.pollMs,
    deploymentBlock: () =>
      deploymentBlock === undefined
        ? findDeployment(connection.client, addresses.token).then(block => ({ block, searched: true }))
        : Promise.resolve({ block: BigInt(deploymentBlock), searched: false }),
    onMined: listener => {
      connection.onMined(listener)
    },
    mempool: connection.mempool,
    stop: () => connection.stop()
  }
}

/** [fatal] The RPC is of the chain that the contracts were deployed on. */
function requireChain({ chainId }: Awaited<ReturnType<typeof connect>>, wanted: number | undefined): void {
  if (wanted !== undefined && wanted !== chainId)
    throw new ChainError('chain.network', `the RPC is of chain ${chainId}, the contracts are on chain ${wanted}`, {
      help: 'Check the RPC URL and the file of contract addresses: they must be of one chain.'
    })
}

/** [fatal] Code of this version is at every address, and the registry deals in the token that is named beside it. */
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
      const [missing] = lacking(name as keyof Addresses, code)
      if (missing !== undefined)
        throw new ChainError(
          'chain.version',
          `the ${name} contract at ${address} is of another version: it has no ${missing}`,
          { help: 'Use the version of tilth that its network runs with, or join a network of this version.' }
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
