import { readContract } from 'viem/actions'
import type { StatusView } from '../../daemon/api/contract/views.ts'
import { datanetRegistryAbi } from '../../protocol/contracts/generated/datanet-registry.ts'
import type { DatanetRules } from '../../protocol/data/types.ts'
import { InvalidError } from '../../protocol/primitives/errors.ts'
import type { Address, Hex } from '../../protocol/primitives/hex.ts'
import { askChain } from './ask-chain.ts'
import { nameOf } from './witness.ts'
import type { Witness } from './witness.ts'

/** Who reads what is sealed for a Datanet, as a chain has it. */
export interface SeatsFound {
  /** Number of the roster that sits. */
  readonly roster: number
  readonly host: Address
  /** Those who sit, in their order. */
  readonly members: DatanetRules['validators']
  /** Whom this browser asked, in words, and the contract that answered. */
  readonly witness: string
  readonly at: Address
}

const lower = (account: string): Address => account.toLowerCase() as Address

/**
 * Asks a witness who sits in a Datanet: something is sealed to whom the chain names, whatever the daemon says.
 * @throws InvalidError `witness.seats` where its chain knows no such Datanet · as askChain
 */
export async function readSeats(
  witness: Witness,
  chain: Pick<StatusView['chain'], 'id' | 'contracts'>,
  datanet: Hex
): Promise<SeatsFound> {
  const at = { address: chain.contracts['datanets'] as Address, abi: datanetRegistryAbi } as const
  const [roster, [host, , , , validators, weights]] = await askChain(witness, chain, async client =>
    Promise.all([
      readContract(client, { ...at, functionName: 'rosterOf', args: [datanet] }),
      readContract(client, { ...at, functionName: 'datanetOf', args: [datanet] })
    ])
  )
  // [reject] It is sealed to somebody.
  if (roster === 0 || validators.length === 0)
    throw new InvalidError('witness.seats', `nobody sits in this Datanet, says ${nameOf(witness)}`, {
      help: 'Nothing was sealed or sent. See that the wallet is on this network’s chain, and that this is your daemon.'
    })
  return {
    roster,
    host: lower(host),
    members: validators.map((address, i) => ({ address: lower(address), weight: Number(weights[i] ?? 0n) })),
    witness: nameOf(witness),
    at: at.address
  }
}
