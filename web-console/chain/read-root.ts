import type { Client } from 'viem'
import { readContract } from 'viem/actions'
import type { StatusView } from '../../daemon/api/contract/views.ts'
import { attributionAnchorAbi } from '../../protocol/contracts/generated/attribution-anchor.ts'
import { datanetRegistryAbi } from '../../protocol/contracts/generated/datanet-registry.ts'
import type { Address } from '../../protocol/primitives/hex.ts'
import { askChain } from './ask-chain.ts'
import type { Witness } from './witness.ts'
import type { RootClaim, RootFound } from './claim.ts'

// Asked of the chain by this browser itself, past the daemon. It is loaded when somebody asks.

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

/** Asks a witness what its chain holds there. @throws as askChain */
export async function readRoot(
  witness: Witness,
  chain: Pick<StatusView['chain'], 'id' | 'contracts'>,
  claim: RootClaim
): Promise<RootFound> {
  const [registry, anchor] = [chain.contracts['datanets'], chain.contracts['anchor']] as [Address, Address]
  return askChain(witness, chain, client => rootIn(client, { registry, anchor }, claim))
}
