import { requireAgreedTo, requireAsShown, requirePermit } from '../../protocol/data/index.ts'
import type { SealedKeys } from '../../protocol/data/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { agreedTerms } from '../api/contract/bonds.ts'
import { plain } from '../api/contract/json.ts'
import type { AgreedView, ApiClient, DatanetView } from '../api/contract/index.ts'
import { signContribution } from '../sign-contribution.ts'

/** What is in a contribution, as whoever signs knows it. */
export interface Content {
  readonly cid: string
  readonly rows: number
  readonly bytes: number
  readonly salt: Hex
  /** Of a private Datanet's. */
  readonly sealed?: SealedKeys
}

/**
 * Signs what a daemon has prepared by a key that it never sees, and has the daemon bring it to the chain.
 * @param mostBond what may be locked with it
 * @param shown the rules that whoever signs has read, where it has
 * @throws InvalidError `contribution.bond`, `permit.*`
 */
export async function signAndSend(
  api: ApiClient,
  datanet: Hex,
  { content, agreed }: { readonly content: Content; readonly agreed: AgreedView },
  { address, privateKey }: { readonly address: Address; readonly privateKey: Uint8Array },
  mostBond: bigint,
  shown?: Pick<DatanetView, 'rules'>
): Promise<{ id: string }> {
  const { chain } = await api.call('status')
  const network = { chainId: chain.id, registry: chain.contracts['registry'] as Hex }
  const { terms, permit } = agreedTerms(agreed)
  requireAgreedTo(terms, mostBond)
  if (shown !== undefined) requireAsShown(terms, shown.rules)
  requirePermit(permit, terms, address, chain.contracts)
  const statements = signContribution(network, datanet, { ...content, terms, permit }, privateKey)
  const signed = {
    commitment: plain(statements.commitment),
    reveal: plain(statements.reveal),
    ...(statements.permit === undefined ? {} : { permit: plain(statements.permit) }),
    ...(content.sealed === undefined ? {} : { sealed: content.sealed })
  }
  return api.call('contribute', { params: { id: datanet }, body: { signed } })
}
