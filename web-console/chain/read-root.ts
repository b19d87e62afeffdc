import { createClient, custom, http } from 'viem'
import type { Client } from 'viem'
import { getChainId, readContract } from 'viem/actions'
import type { StatusView } from '../../daemon/api/contract/views.ts'
import { attributionAnchorAbi } from '../../protocol/contracts/generated/attribution-anchor.ts'
import { datanetRegistryAbi } from '../../protocol/contracts/generated/datanet-registry.ts'
import { TilthError } from '../../protocol/primitives/errors.ts'
import type { Address } from '../../protocol/primitives/hex.ts'
import { nameOf } from './witness.ts'
import type { Witness } from './witness.ts'
import type { RootClaim, RootFound } from './claim.ts'

// Asked of the chain by this browser itself, past the daemon. It is loaded when somebody asks.

/** So long an RPC may take. */
const patienceMs = 20_000

const clientOf = (witness: Witness): Client =>
  witness.kind === 'rpc'
    ? createClient({ transport: http(witness.url, { timeout: patienceMs, retryCount: 1 }) })
    : createClient({ transport: custom(witness.wallet.provider) })

async function rootIn(
  client: Client,
  { registry, anchor }: { readonly registry: Address; readonly anchor: Address },
  { kind, of, number }: RootClaim
): Promise<RootFound> {
  if (kind === 'version') {
    const at = { address: registry, abi: datanetRegistryAbi, functionName: 'versionOf' } as const
    return { root: (await readContract(client, { ...at, args: [of, number] })).root }
  }
  const at = { address: anchor, abi: attributionAnchorAbi, functionName: 'epochOf' } as const
  const epoch = await readContract(client, { ...at, args: [of, number] })
  return kind === 'receipts'
    ? { root: epoch.receiptsRoot, sum: epoch.receiptsTotal.toString() }
    : { root: epoch.payoutsRoot, sum: epoch.payoutsTotal.toString() }
}

/**
 * Asks a witness what its chain holds there.
 * @throws TilthError `witness.chain` where it is on another chain, `witness.silent` where it gives no answer
 */
export async function readRoot(
  witness: Witness,
  { id, contracts }: Pick<StatusView['chain'], 'id' | 'contracts'>,
  claim: RootClaim
): Promise<RootFound> {
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
    const [registry, anchor] = [contracts['datanets'], contracts['anchor']] as [Address, Address]
    return await rootIn(client, { registry, anchor }, claim)
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
