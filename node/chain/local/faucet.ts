import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Addresses } from '../addresses.ts'
import { createChain } from '../client.ts'
import { ChainError, refusedWith } from '../errors/index.ts'
import { developmentKey } from './anvil.ts'

/** Chains for development, on which nothing is worth anything: one node makes all blocks, when there is need of one. */
const developmentChains = new Set([1337, 31337])
export const isDevelopmentChain = (chainId: number): boolean => developmentChains.has(chainId)

/**
 * Gives an account tokens and coin for gas out of the development account, whose key everybody knows.
 * @param amounts of the smallest units; nothing is sent of what is 0
 * @throws ChainError `chain.faucet` on a chain that is not for development, or where that account has nothing to give
 */
export async function fundFromFaucet(
  { rpcUrl, addresses, chainId }: { rpcUrl: string; addresses: Addresses; chainId: number },
  to: Address,
  { tokens, coin }: { tokens: bigint; coin: bigint }
): Promise<{ transactions: readonly Hex[] }> {
  if (!isDevelopmentChain(chainId))
    throw new ChainError('chain.faucet', `chain ${chainId} has no faucet: only a local network gives tokens away`, {
      help: `Ask whoever holds some to send them: tilth wallet send ${to} AMOUNT (with --coin for gas).`
    })
  const faucet = await createChain({ rpcUrl, addresses, privateKey: await developmentKey() })
  try {
    const transactions: Hex[] = []
    if (coin > 0n) transactions.push((await faucet.tokens.sendGas(to, coin)).transaction)
    if (tokens > 0n) transactions.push((await faucet.tokens.transfer(to, tokens)).transaction)
    return { transactions }
  } catch (error) {
    const empty = refusedWith(error, 'ERC20InsufficientBalance')
    if (!empty && !(error instanceof ChainError && error.code === 'chain.gas')) throw error
    throw new ChainError('chain.faucet', `the development account has too ${empty ? 'few tokens' : 'little coin'}`, {
      help: `Whoever deployed this network holds what there is: tilth wallet send ${to} AMOUNT.`,
      cause: error
    })
  } finally {
    await faucet.stop()
  }
}
