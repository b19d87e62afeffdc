import { createClient, custom, http } from 'viem'
import type { Client } from 'viem'
import { getChainId } from 'viem/actions'
import type { StatusView } from '../../daemon/api/contract/views.ts'
import { TilthError } from '../../protocol/primitives/errors.ts'
import { nameOf } from './witness.ts'
import type { Witness } from './witness.ts'

/** So long an RPC may take. */
const patienceMs = 20_000

const clientOf = (witness: Witness): Client =>
  witness.kind === 'rpc'
    ? createClient({ transport: http(witness.url, { timeout: patienceMs, retryCount: 1 }) })
    : createClient({ transport: custom(witness.wallet.provider) })

/**
 * Has this browser itself ask a witness something of the chain, past the daemon.
 * @throws TilthError `witness.chain` where it is on another chain, `witness.silent` where it gives no answer
 */
export async function askChain<T>(
  witness: Witness,
  { id }: Pick<StatusView['chain'], 'id'>,
  read: (client: Client) => Promise<T>
): Promise<T> {
  const client = clientOf(witness)
  try {
    const there = await getChainId(client)
    // [reject] Another chain may hold anything at the same address.
    if (there !== id)
      throw new TilthError('witness.chain', `${nameOf(witness)} is on chain ${there}, this network on chain ${id}`, {
        help:
          witness.kind === 'wallet'
            ? `Switch the wallet to chain ${id}, then ask again.`
            : 'Name an RPC of this network’s chain in the settings of this node.'
      })
    return await read(client)
  } catch (cause) {
    if (cause instanceof TilthError) throw cause
    throw new TilthError('witness.silent', `${nameOf(witness)} gave no answer that can be read`, {
      help:
        witness.kind === 'wallet'
          ? 'Unlock the wallet, see that it is on this network’s chain, and ask again.'
          : 'It has to be there, hold this network’s contracts, and answer pages of other origins (CORS).',
      cause
    })
  }
}
