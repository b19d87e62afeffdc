import type { PublicClient } from 'viem'
import type { Address } from '../../../protocol/primitives/index.ts'
import { ChainError, chainError } from '../errors/index.ts'

/**
 * The block in which a contract was deployed, by halves: some twenty questions for a million blocks. The RPC must
 * remember the state of old blocks for it.
 * @throws ChainError `chain.deployment`
 */
export async function findDeployment(client: PublicClient, address: Address): Promise<bigint> {
  const there = async (blockNumber: bigint): Promise<boolean> =>
    (await client.getCode({ address, blockNumber })) !== undefined
  try {
    let deployed = await client.getBlockNumber()
    let without = -1n
    while (deployed - without > 1n) {
      const middle = (deployed + without) / 2n
      if (await there(middle)) deployed = middle
      else without = middle
    }
    return deployed
  } catch (cause) {
    const error = chainError('searching for the deployment', cause)
    if (error.code === 'chain.unreachable') throw error
    throw new ChainError(
      'chain.deployment',
      'the file of contract addresses does not say where the chain is to be read from',
      {
        help:
          'Add "deploymentBlock" to it, the block in which the contracts were deployed; this RPC does not remember ' +
          'old blocks, so it cannot be searched for.',
        cause
      }
    )
  }
}
