import type { Network } from '../../protocol/crypto/index.ts'
import { ChainError } from '../../node/chain/index.ts'
import type { Chain } from '../../node/chain/index.ts'
import type { fakeChain } from '../node/chain/fake-chain.ts'

export const unreachable = (): ChainError => new ChainError('chain.unreachable', 'the chain cannot be reached')

/** What a node reads its chain by, whatever contracts it has. @param reached throws where it cannot be reached */
export function readingOf(
  network: Network,
  blocks: Pick<ReturnType<typeof fakeChain>, 'source'>,
  reached: () => Promise<void>
): Pick<Chain, 'network' | 'source' | 'pollMs' | 'mempool' | 'deploymentBlock' | 'onMined' | 'stop'> {
  return {
    network,
    source: {
      chainId: async () => network.chainId,
      async head() {
        await reached()
        return blocks.source.head()
      },
      async header(block) {
        await reached()
        return blocks.source.header(block)
      },
      async logs(from, to) {
        await reached()
        return blocks.source.logs(from, to)
      }
    },
    pollMs: 1_000,
    mempool: undefined,
    deploymentBlock: async () => ({ block: 1n, searched: false }),
    onMined: () => undefined,
    stop: async () => undefined
  }
}
